// Rows of DeBERTa far longer than those of the golden cases: beyond the span of
// its distances, where buckets grow, and over several blocks of keys. The
// native engine gives what the reference engine gives.
#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"
#include "tests/model/runtime/make_loader.h"

namespace transformerd {
namespace {

// Wide weights: with those of 0.02 distances would hardly matter.
constexpr char kLong[] =
    R"({"max_position_embeddings": 700, "initializer_range": 0.4})";

absl::StatusOr<std::unique_ptr<LoadedModel>> Load(const std::string& golden,
                                                  EngineKind engine) {
  ModelLoaderOptions options;
  options.engine.kind = engine;
  LoadRequest request{absl::StrCat("tests/testdata/goldens/", golden, "/model"),
                      {}};
  request.options.load_weights = false;
  request.options.config_override = kLong;
  request.options.dtype = DType::kF32;
  LoadControl control;
  return MakeLoader(options)->Load(request, control);
}

// Tokens at random, of which one in eight is masked in the longer rows, and all
// of the model's outputs.
InferenceInput LongRows(const LoadedModel& model) {
  std::mt19937 random(7);
  InferenceInput input;
  input.lengths = {17, 1, 131, 700, 530};
  input.batch = static_cast<int64_t>(input.lengths.size());
  input.width = 700;
  for (const int64_t length : input.lengths) {
    for (int64_t i = 0; i < length; ++i) {
      input.input_ids.push_back(random() % model.architecture().vocab_size);
      const bool may_be_masked = length > 17 && i + 1 < length;
      input.attention_mask.push_back(may_be_masked && random() % 8 == 0 ? 0
                                                                        : 1);
    }
  }
  input.outputs.resize(model.signature().outputs.size());
  std::iota(input.outputs.begin(), input.outputs.end(), 0);
  return input;
}

class LongRowsTest : public ::testing::TestWithParam<const char*> {};

TEST_P(LongRowsTest, AnswerAlikeOnBothEngines) {
  ASSERT_OK_AND_ASSIGN(const auto native,
                       Load(GetParam(), EngineKind::kNative));
  ASSERT_OK_AND_ASSIGN(const auto reference,
                       Load(GetParam(), EngineKind::kReference));
  const InferenceInput input = LongRows(*native);
  const InferenceInput* const batch[] = {&input};

  ASSERT_OK_AND_ASSIGN(const auto got, native->Run(0, batch));
  ASSERT_OK_AND_ASSIGN(const auto want, reference->Run(0, batch));

  for (size_t i = 0; i < input.outputs.size(); ++i) {
    const auto got_values = got[0][i].as<float>();
    const auto want_values = want[0][i].as<float>();
    ASSERT_EQ(got_values.size(), want_values.size());
    float worst = 0;
    for (size_t j = 0; j < got_values.size(); ++j) {
      worst = std::max(worst, std::abs(got_values[j] - want_values[j]));
    }
    EXPECT_LT(worst, 1e-3) << native->signature().outputs[i].name;
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, LongRowsTest,
    ::testing::Values("deberta_v2_absolute", "deberta_v2_base",
                      "deberta_v2_c2p", "deberta_v2_p2c",
                      "deberta_v2_conv_groups", "deberta_v2_masked_lm_narrow"),
    [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace transformerd
