#include "client/load_parameters.h"

#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

TEST(ToLoadParametersTest, SetsWhatIsGivenAndNoMore) {
  ASSERT_OK_AND_ASSIGN(const v1::LoadParameters message,
                       ToLoadParameters({{"architecture", "BertModel"},
                                         {"strict", false},
                                         {"num_hidden_layers", int64_t{3}}}));
  EXPECT_EQ(message.architecture(), "BertModel");
  EXPECT_TRUE(message.has_strict());
  EXPECT_FALSE(message.strict());
  EXPECT_EQ(message.num_hidden_layers(), 3);
  EXPECT_FALSE(message.has_replace());
}

TEST(ToLoadParametersTest, ReadsListsAndObjectsAsJson) {
  ASSERT_OK_AND_ASSIGN(
      const v1::LoadParameters message,
      ToLoadParameters({{"ignore", R"(["a", "b.*"])"},
                        {"relevant_module", "bert"},
                        {"mapping", R"({"x": "y"})"},
                        {"config", R"({"hidden_act": "gelu"})"},
                        {"parts", R"([{"a": 1}])"}}));
  EXPECT_THAT(message.ignore(), ElementsAre("a", "b.*"));
  EXPECT_THAT(message.relevant_module(), ElementsAre("bert"));
  EXPECT_THAT(message.mapping(), UnorderedElementsAre(Pair("x", "y")));
  EXPECT_EQ(message.config().fields().at("hidden_act").string_value(), "gelu");
  EXPECT_EQ(message.parts().values_size(), 1);
}

TEST(ToLoadParametersTest, ANumberWhereATextIsWantedIsItsText) {
  ASSERT_OK_AND_ASSIGN(const v1::LoadParameters message,
                       ToLoadParameters({{"weights_path", int64_t{7}}}));
  EXPECT_EQ(message.weights_path(), "7");
}

TEST(ToLoadParametersTest, RefusesByName) {
  const std::pair<Parameters, std::string> cases[] = {
      {{{"strct", true}}, "'strct' is unknown; did you mean 'strict'?"},
      {{{"strict", "maybe"}}, "'strict' is not true or false"},
      {{{"num_hidden_layers", "x"}}, "'num_hidden_layers' is not an integer"},
      {{{"config", "[1]"}}, "'config' is not a JSON object"},
      {{{"config", "{"}}, "'config' is not a JSON object"},
      {{{"mapping", "x"}}, "'mapping' is not a JSON object"},
      {{{"parts", "x"}}, "'parts' is not a JSON list"},
      {{{"ignore", true}}, "'ignore' is of the wrong type, expected JSON"},
      {{{"ignore", "[1, {}]"}}, "load parameters: "},
  };
  for (const auto& [parameters, message] : cases) {
    EXPECT_THAT(
        ToLoadParameters(parameters),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  }
  EXPECT_EQ(FieldOf(ToLoadParameters({{"strct", true}}).status()), "strct");
}

}  // namespace
}  // namespace transformerd
