// T5's residual sums leave the range of float16, which ends at 65504; its
// answers must not.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "gtest/gtest.h"
#include "tests/fakes/safetensors_bytes.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/families/golden_case.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

using Tensors = std::map<std::string, HostTensor>;

// What the feed-forward networks of the golden model give becomes this many
// times as large.
constexpr float kFactor = 65536;

GoldenCase FindCase(const std::string& name) {
  const std::vector<GoldenCase> cases = *ReadGoldenCases("t5");
  const auto found = std::find_if(
      cases.begin(), cases.end(),
      [&](const GoldenCase& golden) { return golden.name == name; });
  CHECK(found != cases.end());
  return *found;
}

// A folder with the model of large sums.
std::string WriteLargeModel(const GoldenCase& golden) {
  const std::string folder = absl::StrCat(::testing::TempDir(), "/large_t5");
  std::filesystem::remove_all(folder);
  std::filesystem::copy(golden.model_directory, folder);
  const std::string path = absl::StrCat(folder, "/model.safetensors");
  Tensors tensors = *ReadTensors(path);
  for (auto& [key, tensor] : tensors) {
    if (!absl::EndsWith(key, ".wo.weight")) continue;
    for (float& weight : tensor.as<float>()) weight *= kFactor;
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc)
      << SafetensorsBytes({tensors.begin(), tensors.end()});
  return folder;
}

TEST(T5Float16Test, AnswersNearFloat32WhereSumsLeaveItsRange) {
  const GoldenCase golden = FindCase("t5_model");
  LoadRequest request;
  request.directory = WriteLargeModel(golden);
  request.options.architecture = golden.class_name;
  const auto loader = MakeLoader();
  std::map<DType, InferenceOutput> answers;
  for (const DType dtype : {DType::kF32, DType::kF16}) {
    request.options.dtype = dtype;
    LoadControl control;
    ASSERT_OK_AND_ASSIGN(const auto model, loader->Load(request, control));
    const Signature& signature = model->signature();
    const InferenceInput input =
        MakeInput(golden.probes.front(), signature,
                  {*signature.FindOutput("last_hidden_state"),
                   *signature.FindOutput("encoder_hidden_states.1"),
                   *signature.FindOutput("decoder_hidden_states.1")});
    const InferenceInput* batch[] = {&input};
    ASSERT_OK_AND_ASSIGN(auto answer, model->Run(0, batch));
    answers[dtype] = std::move(answer.front());
  }

  for (size_t output = 0; output < 3; ++output) {
    const auto want = answers[DType::kF32][output].as<float>();
    const auto got = answers[DType::kF16][output].as<float>();
    const float largest = *std::max_element(want.begin(), want.end());
    EXPECT_EQ(largest > 65504, output > 0);
    for (size_t i = 0; i < want.size(); ++i) {
      ASSERT_NEAR(got[i], want[i], 0.01 * largest);
    }
  }
}

}  // namespace
}  // namespace transformerd
