// AllenNLP's pretrained-transformer backbone by answers of transformers, which
// it gives under names of its own and at every position.
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "model/families/families.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr char kBackbone[] = "PretrainedTransformerBackbone";

std::vector<std::string> Names(const Signature& signature) {
  std::vector<std::string> names;
  for (const InputSpec& input : signature.inputs) names.push_back(input.name);
  for (const OutputSpec& output : signature.outputs) {
    names.push_back(output.name);
  }
  return names;
}

// The probe of a base model under the backbone's names.
GoldenProbe Renamed(const GoldenProbe& probe) {
  const std::map<std::string, std::string> names = {
      {"input_ids", "token_ids"},
      {"attention_mask", "mask"},
      {"token_type_ids", "type_ids"},
      {"last_hidden_state", "encoded_text"},
      {"pooler_output", "pooled"}};
  GoldenProbe renamed;
  renamed.name = probe.name;
  for (const auto& [name, tensor] : probe.inputs) {
    renamed.inputs[names.at(name)] = tensor;
  }
  if (renamed.inputs.count("mask") == 0) {
    HostTensor& mask = renamed.inputs["mask"];
    mask = HostTensor(DType::kF32, renamed.inputs.at("token_ids").shape);
    for (float& value : mask.as<float>()) value = 1;
  }
  for (const auto& [name, tensor] : probe.outputs) {
    const auto found = names.find(name);
    if (found != names.end()) renamed.outputs[found->second] = tensor;
  }
  return renamed;
}

class BackboneTest : public ::testing::TestWithParam<std::string> {
 protected:
  static absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const GoldenCase& golden) {
    LoadOptions options;
    options.architecture = kBackbone;
    options.dtype = DType::kF32;
    LoadControl control;
    return MakeLoader()->Load({golden.model_directory, options}, control);
  }
};

TEST_P(BackboneTest, AnswersAsTheModelBehindItAlsoWhereItIsMasked) {
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases(GetParam()));
  int compared = 0;
  for (const GoldenCase& golden : cases) {
    if (golden.name != GetParam() + "_base") continue;
    ASSERT_OK_AND_ASSIGN(const auto model, Load(golden));
    for (const GoldenProbe& probe : golden.probes) {
      if (probe.inputs.count("position_ids") > 0) continue;
      const GoldenProbe renamed = Renamed(probe);
      EXPECT_THAT(renamed.outputs, Not(IsEmpty()));
      EXPECT_THAT(CheckProbe(golden, renamed, 0, *model), IsOk()) << probe.name;
      ++compared;
    }
  }
  EXPECT_GT(compared, 0);
}

INSTANTIATE_TEST_SUITE_P(Families, BackboneTest,
                         ::testing::Values("bert", "roberta", "distilbert"),
                         [](const auto& info) { return info.param; });

TEST(BackboneSignatureTest, HasWhatTheModelHas) {
  ASSERT_OK_AND_ASSIGN(const std::vector<GoldenCase> cases,
                       ReadGoldenCases("distilbert"));
  LoadOptions options;
  options.architecture = kBackbone;
  LoadControl control;
  ASSERT_OK_AND_ASSIGN(
      const auto model,
      MakeLoader()->Load({cases.front().model_directory, options}, control));

  EXPECT_THAT(
      Names(model->signature()),
      ElementsAre("token_ids", "mask", "encoded_text", "encoded_text_mask"));
}

TEST(BackboneConfigTest, RefusesByNameWhatIsNotServed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"model_type": "t5"})", "which a t5 does not"},
      {R"({"model_type": "bart"})", "which a bart does not"},
      {R"({"model_type": "vit"})", "which a vit does not"},
      {R"({"model_type": "bert", "max_length": 512})", "max_length is set"},
      {R"({"model_type": "bert", "sub_module": "encoder"})",
       "sub_module is set"},
      {R"({"model_type": "bert", "last_layer_only": false})",
       "last_layer_only=false"},
  };
  for (const auto& [json, message] : cases) {
    SCOPED_TRACE(json);
    ASSERT_OK_AND_ASSIGN(const ConfigReader config,
                         ConfigReader::Parse(json, "config.json"));

    const absl::Status status = ParseModel(config, kBackbone).status();

    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(message)));
    EXPECT_EQ(ReasonOf(status), "UNSUPPORTED");
  }
}

TEST(BackboneConfigTest, TakesWhatChangesNothing) {
  ASSERT_OK_AND_ASSIGN(
      const ConfigReader config,
      ConfigReader::Parse(R"({"model_type": "bert", "max_length": null,
                              "last_layer_only": true})",
                          "config.json"));
  ASSERT_OK_AND_ASSIGN(const ParsedModel model, ParseModel(config, kBackbone));

  EXPECT_TRUE(model.architecture.is_backbone);
  EXPECT_EQ(model.architecture.class_name, kBackbone);
}

}  // namespace
}  // namespace transformerd
