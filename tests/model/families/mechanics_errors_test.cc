// Configs of AllenNLP's modules that cannot work, case by case: they are
// refused when they are parsed, also where the original fails in the forward
// pass only.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/config/config_reader.h"
#include "model/families/families.h"
#include "model/runtime/make_signature.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/loading/mechanics_cases.h"

namespace transformerd {
namespace {

bool IsServed(const std::string& class_name) {
  for (const Family* module : BareModules()) {
    for (const ModelClass& model_class : module->classes) {
      if (model_class.name == class_name) return true;
    }
  }
  return false;
}

class ErrorCaseTest : public ::testing::TestWithParam<CaseJson> {};

TEST_P(ErrorCaseTest, IsRefusedBeforeTheFirstRequest) {
  const CaseJson& given = GetParam();
  const std::string class_name = given["class"];
  ASSERT_OK_AND_ASSIGN(
      const ConfigReader config,
      ConfigReader::Parse(given["config"].dump(), "config.json"));

  const absl::StatusOr<ParsedModel> parsed = ParseModel(config, class_name);

  if (!IsServed(class_name)) {
    EXPECT_THAT(parsed, StatusIs(absl::StatusCode::kFailedPrecondition));
    return;
  }
  const std::string advice = given["advice"];
  if (advice == "reject at load") {
    EXPECT_THAT(parsed, HasReason(Reason::kConfigInvalid));
    return;
  }
  // What is wrong is an input: the model does not have it.
  EXPECT_EQ(advice, "error");
  ASSERT_THAT(parsed.status(), IsOk());
  const Signature signature = MakeSignature(
      parsed->architecture, {/*has_pooler=*/false, PoolingKind::kNone});
  EXPECT_EQ(signature.FindInput("encoder_hidden_states"), nullptr);
}

INSTANTIATE_TEST_SUITE_P(Mechanics, ErrorCaseTest,
                         ::testing::ValuesIn(ReadMechanicsCases("errors")),
                         [](const auto& info) -> std::string {
                           return info.param["name"];
                         });

}  // namespace
}  // namespace transformerd
