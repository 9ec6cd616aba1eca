// Configs of AllenNLP's modules that cannot work, case by case: they are
// refused when they are parsed, also where the original fails in the forward
// pass only.
#include <map>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/runtime/make_signature.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/mechanics_cases.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class ErrorCaseTest : public ::testing::TestWithParam<CaseJson> {
 protected:
  absl::StatusOr<ParsedModel> Parse() const {
    const CaseJson& given = GetParam();
    ASSIGN_OR_RETURN(
        const ConfigReader config,
        ConfigReader::Parse(given["config"].dump(), "config.json"));
    return ParseModel(config, given["class"].get<std::string>());
  }
};

TEST_P(ErrorCaseTest, IsRefusedBeforeTheFirstRequestOrServed) {
  const std::string advice = GetParam()["advice"];
  const absl::StatusOr<ParsedModel> parsed = Parse();

  if (advice == "reject at load") {
    EXPECT_THAT(parsed, HasReason(Reason::kConfigInvalid));
    return;
  }
  if (GetParam()["name"] == "ids_decreasing") {
    // The original runs layers twice; that it is nobody's intention is advised.
    EXPECT_THAT(advice, HasSubstr("rejecting is recommended"));
    EXPECT_THAT(parsed, HasReason(Reason::kConfigInvalid));
    return;
  }
  ASSERT_THAT(parsed.status(), IsOk());
  if (advice == "error") {
    // What is wrong is an input: the module does not have it.
    const Signature signature = MakeSignature(
        parsed->architecture, {/*has_pooler=*/false, PoolingKind::kNone});
    EXPECT_EQ(signature.FindInput("encoder_hidden_states"), nullptr);
  }
}

TEST_P(ErrorCaseTest, IsRefusedByTheNameOfTheArgument) {
  const std::map<std::string, std::string> arguments = {
      {"fixed_layer1_above_id", "biattention_id1[0]=1"},
      {"fixed_layer2_above_id", "biattention_id2[0]=1"},
      {"id1_beyond_layers", "biattention_id1[1]=5"},
      {"id2_beyond_layers", "biattention_id2[1]=4"},
      {"ids_decreasing", "biattention_id1[1]=1"},
      {"combined_not_divisible", "combined_hidden_size=29"},
      {"hidden1_not_divisible", "num_attention_heads1=23"},
      {"unknown_activation", "nonsense"},
      {"stack_not_divisible", "num_attention_heads=3"},
  };
  const auto argument = arguments.find(GetParam()["name"].get<std::string>());
  if (argument == arguments.end()) return;

  EXPECT_THAT(Parse().status().message(), HasSubstr(argument->second));
}

INSTANTIATE_TEST_SUITE_P(Mechanics, ErrorCaseTest,
                         ::testing::ValuesIn(ReadMechanicsCases("errors")),
                         [](const auto& info) -> std::string {
                           return info.param["name"];
                         });

}  // namespace
}  // namespace transformerd
