#include "model/base/json_text.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ParseJsonTest, GivesTheWholeValue) {
  ASSERT_OK_AND_ASSIGN(const nlohmann::json value,
                       ParseJson(" {\"a\": [1, -2, 0.5, null]} "));

  EXPECT_EQ(value["a"][1], -2);
}

TEST(ParseJsonTest, TheLastOfTwoKeysCounts) {
  ASSERT_OK_AND_ASSIGN(const nlohmann::json value,
                       ParseJson("{\"a\": 1, \"a\": 2}"));

  EXPECT_EQ(value["a"], 2);
}

TEST(ParseJsonTest, NamesThePositionOfAnError) {
  EXPECT_THAT(
      ParseJson("{\"a\": ?}"),
      StatusIs(absl::StatusCode::kInvalidArgument, "not valid JSON at byte 7"));
}

TEST(ParseJsonTest, RefusesWhatIsNotJson) {
  for (const char* text :
       {"", " ", "{", "{}{}", "[1,]", "NaN", "Infinity", "'a'", "// x\n1", "01",
        "1e999", "\"\xFF\"", "\"\\ud800\"", "\xEF\xBB\xBF{}"}) {
    EXPECT_THAT(ParseJson(text), StatusIs(absl::StatusCode::kInvalidArgument,
                                          StartsWith("not valid JSON at byte")))
        << text;
  }
}

TEST(ParseJsonTest, NothingHidesBehindANulByte) {
  EXPECT_THAT(
      ParseJson(std::string("{}\0[", 4)),
      StatusIs(absl::StatusCode::kInvalidArgument, "not valid JSON at byte 3"));
}

TEST(ParseJsonTest, BoundsTheDepth) {
  const std::string most =
      std::string(kMaxJsonDepth, '[') + std::string(kMaxJsonDepth, ']');

  EXPECT_THAT(ParseJson(most), IsOk());
  EXPECT_THAT(ParseJson("[" + most + "]"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("deep")));
  EXPECT_THAT(ParseJson(std::string(1'000'000, '[')),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("deep")));
}

}  // namespace
}  // namespace transformerd
