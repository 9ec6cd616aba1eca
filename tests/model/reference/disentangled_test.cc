// Scores by distance, and the convolution, against plain computations of their
// formulas.
#include "model/reference/disentangled.h"

#include <ATen/ops/from_blob.h>

#include <cmath>
#include <cstdint>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/modules/distance_buckets.h"
#include "model/modules/transformer.h"
#include "model/reference/attention_context.h"
#include "model/reference/convolution.h"
#include "model/runtime/packing.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 6;
constexpr int64_t kHeads = 2;
constexpr int64_t kHeadSize = 3;
constexpr int64_t kLength = 7;

class DisentangledTest : public ::testing::Test {
 protected:
  DisentangledTest() {
    architecture_.vocab_size = 2;
    architecture_.hidden_size = kHidden;
    StackRecipe& stack = architecture_.stack;
    stack.num_hidden_layers = 1;
    stack.num_attention_heads = kHeads;
    stack.head_size = kHeadSize;
    stack.intermediate_size = 4;
    recipe().span = 4;
  }

  DisentangledRecipe& recipe() {
    std::optional<DisentangledRecipe>& recipe =
        architecture_.stack.disentangled;
    return recipe ? *recipe : recipe.emplace();
  }

  std::vector<float> Random(int64_t size) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(size);
    for (float& value : values) value = uniform(random_);
    return values;
  }

  void Build() {
    transformer_ = std::make_unique<Transformer>(architecture_, DType::kF32);
    for (const auto& slot : transformer_->slots()) {
      weights_.push_back(Random(slot->size_bytes() / 4));
      slot->Fill(reinterpret_cast<std::byte*>(weights_.back().data()));
    }
  }

  static const float* Floats(const ParameterSlot* slot) {
    return reinterpret_cast<const float*>(slot->storage());
  }

  // The product of a token, [H, n, K] of one row, with the vector of a distance
  // as `projection` makes it.
  double Score(const std::vector<float>& tokens, int64_t head, int64_t token,
               int64_t distance, const Linear& projection) const {
    const int64_t row =
        DistanceRow(*architecture_.stack.disentangled, distance);
    const float* vector =
        Floats(transformer_->stack().distances) + row * kHidden;
    double score = 0;
    for (int64_t k = 0; k < kHeadSize; ++k) {
      const int64_t out = head * kHeadSize + k;
      double projected = Floats(projection.bias)[out];
      for (int64_t i = 0; i < kHidden; ++i) {
        projected +=
            static_cast<double>(Floats(projection.weight)[out * kHidden + i]) *
            vector[i];
      }
      score += projected * tokens[(head * kLength + token) * kHeadSize + k];
    }
    return score;
  }

  // Compares the scores of one row with their formula.
  void ExpectScores(const Linear* key, const Linear* query) {
    std::vector<float> queries = Random(kHeads * kLength * kHeadSize);
    std::vector<float> keys = Random(kHeads * kLength * kHeadSize);
    const auto tensor = [](std::vector<float>& values) {
      return at::from_blob(values.data(), {1, kHeads, kLength, kHeadSize});
    };
    DisentangledScores scores(architecture_.stack, transformer_->stack(),
                              kLength);

    const at::Tensor got =
        scores
            .Score(scores.Project(transformer_->stack().blocks[0].attention),
                   tensor(queries), tensor(keys))
            .contiguous();

    const float* value = got.const_data_ptr<float>();
    for (int64_t h = 0; h < kHeads; ++h) {
      for (int64_t q = 0; q < kLength; ++q) {
        for (int64_t k = 0; k < kLength; ++k) {
          double want = 0;
          if (key != nullptr) want += Score(queries, h, q, q - k, *key);
          if (query != nullptr) want += Score(keys, h, k, q - k, *query);
          EXPECT_NEAR(*value++, want, 1e-5) << h << " " << q << " " << k;
        }
      }
    }
  }

  Architecture architecture_;
  std::unique_ptr<Transformer> transformer_;
  std::vector<std::vector<float>> weights_;
  std::mt19937 random_{7};
};

TEST_F(DisentangledTest, QueriesSeeDistancesOfTheirOwn) {
  recipe().content_to_position = true;
  Build();

  ExpectScores(&*transformer_->stack().blocks[0].attention.position_key,
               nullptr);
}

TEST_F(DisentangledTest, KeysSeeDistancesAsWell) {
  recipe().position_to_content = true;
  recipe().span = 4;  // of buckets, which far distances share
  recipe().num_buckets = 4;
  recipe().max_distance = 12;
  Build();

  ExpectScores(nullptr,
               &*transformer_->stack().blocks[0].attention.position_query);
}

TEST_F(DisentangledTest, DistancesShareTheProjectionsOfTokens) {
  recipe().content_to_position = true;
  recipe().position_to_content = true;
  recipe().shares_projections = true;
  Build();

  const Attention& attention = transformer_->stack().blocks[0].attention;
  ExpectScores(&attention.key, &attention.query);
}

TEST_F(DisentangledTest, TheConvolutionSeesVisibleNeighboursOfItsRowOnly) {
  architecture_.stack.disentangled.reset();
  architecture_.stack.convolution =
      ConvolutionRecipe{/*kernel_size=*/3, /*groups=*/1, Activation::kIdentity};
  Build();
  PackedBatch batch;  // rows of two and three tokens, one is masked
  batch.attention_mask = {1, 1, 1, 0, 1};
  batch.sequence_offsets = {0, 2, 5};
  batch.sequence_has_mask = {false, true};
  std::vector<float> input = Random(5 * kHidden);
  std::vector<float> output = Random(5 * kHidden);
  const Convolution& convolution = *transformer_->stack().convolution;
  const AttentionInputs inputs =
      MakeAttentionInputs(architecture_.stack, batch);
  const AttentionContext context(architecture_.stack, transformer_->stack(),
                                 batch, inputs, at::kFloat);

  const at::Tensor got =
      Convolve(convolution, *architecture_.stack.convolution, context,
               at::from_blob(input.data(), {5, kHidden}),
               at::from_blob(output.data(), {5, kHidden}));

  // Who is seen by each token, as (token, place in the kernel).
  const std::vector<std::vector<std::pair<int64_t, int64_t>>> seen = {
      {{0, 1}, {1, 2}}, {{0, 0}, {1, 1}}, {{2, 1}}, {}, {{4, 1}}};
  for (int64_t t = 0; t < 5; ++t) {
    if (batch.attention_mask[t] == 0) {
      EXPECT_EQ(got[t].abs().max().item<float>(), 0) << t;
      continue;
    }
    std::vector<double> sum(kHidden);
    double mean = 0, variance = 0;
    for (int64_t o = 0; o < kHidden; ++o) {
      sum[o] = Floats(convolution.bias)[o] + output[t * kHidden + o];
      for (const auto& [token, place] : seen[t]) {
        for (int64_t i = 0; i < kHidden; ++i) {
          sum[o] += static_cast<double>(Floats(
                        convolution.weight)[(o * kHidden + i) * 3 + place]) *
                    input[token * kHidden + i];
        }
      }
      mean += sum[o] / kHidden;
    }
    for (double x : sum) variance += (x - mean) * (x - mean) / kHidden;
    for (int64_t o = 0; o < kHidden; ++o) {
      const double want = (sum[o] - mean) / std::sqrt(variance + 1e-12) *
                              Floats(convolution.norm.weight)[o] +
                          Floats(convolution.norm.bias)[o];
      EXPECT_NEAR(got[t][o].item<float>(), want, 1e-4) << t << " " << o;
    }
  }
}

}  // namespace
}  // namespace transformerd
