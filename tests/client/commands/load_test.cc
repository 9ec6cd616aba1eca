#include "client/commands/load.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ParseParametersTest, ValuesHaveTheTypeTheyLookLike) {
  ASSERT_OK_AND_ASSIGN(
      const Parameters parameters,
      ParseParameters({"strict=false", "replace=true", "num_hidden_layers=3",
                       "architecture=BertModel", "config={\"a\":1}",
                       "empty=", "big=99999999999999999999"}));

  EXPECT_THAT(
      parameters,
      UnorderedElementsAre(
          Pair("strict", Parameter(false)), Pair("replace", Parameter(true)),
          Pair("num_hidden_layers", Parameter(int64_t{3})),
          Pair("architecture", Parameter("BertModel")),
          Pair("config", Parameter("{\"a\":1}")), Pair("empty", Parameter("")),
          Pair("big", Parameter("99999999999999999999"))));
}

TEST(ParseParametersTest, WrongFormsAreWrongUsage) {
  for (const auto& [text, message] :
       std::vector<std::pair<std::string, std::string>>{
           {"strict", "--param: 'strict' is not KEY=VALUE"},
           {"=1", "--param: '=1' is not KEY=VALUE"},
           {"a=1", "--param: 'a' is given twice"}}) {
    const absl::Status status = ParseParameters({"a=1", text}).status();
    EXPECT_EQ(status.message(), message);
    EXPECT_TRUE(IsUsageError(status));
  }
}

}  // namespace
}  // namespace transformerd
