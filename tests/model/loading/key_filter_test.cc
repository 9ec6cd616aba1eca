#include "model/loading/key_filter.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(KeyFilterTest, MatchesAtTheStartOnly) {
  ASSERT_OK_AND_ASSIGN(
      KeyFilter filter,
      KeyFilter::Create("ignore", {"encoder\\.layer\\.[01]\\."}));

  EXPECT_TRUE(filter.Matches("encoder.layer.1.weight"));
  EXPECT_FALSE(filter.Matches("encoder.layer.2.weight"));
  EXPECT_FALSE(filter.Matches("bert.encoder.layer.1.weight"));
}

TEST(KeyFilterTest, MatchesNothingWithoutPatterns) {
  ASSERT_OK_AND_ASSIGN(KeyFilter filter, KeyFilter::Create("ignore", {}));
  EXPECT_FALSE(filter.Matches("encoder"));
  EXPECT_THAT(filter.UnmatchedPatterns(), IsEmpty());
}

TEST(KeyFilterTest, NamesPatternsThatMatchedNothing) {
  ASSERT_OK_AND_ASSIGN(KeyFilter filter,
                       KeyFilter::Create("ignore", {"a", "b"}));
  filter.Matches("beta");
  EXPECT_THAT(filter.UnmatchedPatterns(), ElementsAre("a"));
}

TEST(KeyFilterTest, RefusesABadExpressionByName) {
  const absl::Status status =
      KeyFilter::Create("ignore", {"ok", "(\n"}).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("ignore: \"(\\n\""),
                                     Not(HasSubstr("\n")))));
  EXPECT_EQ(FieldOf(status), "ignore");
}

}  // namespace
}  // namespace transformerd
