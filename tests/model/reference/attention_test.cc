// Attention over packed rows against a plain computation of the formula, row by
// row in double precision.
#include "model/reference/attention.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/modules/relative_buckets.h"
#include "model/modules/transformer.h"
#include "model/reference/attention_context.h"
#include "model/runtime/packing.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 8;
constexpr int64_t kHeads = 2;
constexpr int64_t kHeadSize = 4;

// One block with random weights, held here.
class AttentionTest : public ::testing::Test {
 protected:
  AttentionTest() {
    architecture_.vocab_size = 4;
    architecture_.hidden_size = kHidden;
    architecture_.stack.num_hidden_layers = 1;
    architecture_.stack.num_attention_heads = kHeads;
    architecture_.stack.head_size = kHeadSize;
    architecture_.stack.intermediate_size = 4;
    Build();
  }

  // Makes the block anew, as the recipe says by now.
  void Build() {
    transformer_ = std::make_unique<Transformer>(architecture_, DType::kF32);
    weights_.clear();
    for (const auto& slot : transformer_->slots()) {
      weights_.push_back(Random(slot->size_bytes() / 4));
      slot->Fill(reinterpret_cast<std::byte*>(weights_.back().data()));
    }
  }

  AttentionRecipe& recipe() { return architecture_.stack.block.attention; }
  const AttentionRecipe& recipe() const {
    return architecture_.stack.block.attention;
  }

  std::vector<float> Random(int64_t size) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(size);
    for (float& value : values) value = uniform(random_);
    return values;
  }

  // Rows with these masks; 1 a visible token.
  static PackedBatch Batch(const std::vector<std::vector<uint8_t>>& masks) {
    PackedBatch batch;
    for (const auto& mask : masks) {
      batch.attention_mask.insert(batch.attention_mask.end(), mask.begin(),
                                  mask.end());
      batch.sequence_has_mask.push_back(
          std::count(mask.begin(), mask.end(), 0) > 0);
      batch.sequence_offsets.push_back(batch.num_tokens() + mask.size());
    }
    return batch;
  }

  // What the one layer gives; `probabilities` may be null.
  at::Tensor Attended(const PackedBatch& batch, std::vector<float>& input,
                      at::Tensor* probabilities) const {
    const AttentionInputs inputs =
        MakeAttentionInputs(architecture_.stack, batch);
    AttentionContext context(architecture_.stack, transformer_->stack(), batch,
                             inputs, at::kFloat);
    return Attend(attention(), /*layer=*/0, context, Rows(input),
                  probabilities);
  }

  // The same on the fake GPU, where plain rows are attended to in one call.
  at::Tensor AttendedOnGpu(const PackedBatch& batch,
                           std::vector<float>& input) {
    const Device device = {DeviceKind::kCuda, 1};
    const at::Device gpu(at::kCUDA, 1);
    const Transformer copy(architecture_, DType::kF32);
    std::vector<at::Tensor> weights;
    for (const auto& slot : copy.slots()) {
      std::vector<float>& values = weights_[weights.size()];
      const auto size = static_cast<int64_t>(values.size());
      weights.push_back(at::from_blob(values.data(), {size}).to(gpu));
      slot->Fill(static_cast<std::byte*>(weights.back().mutable_data_ptr()),
                 device);
    }
    AttentionInputs inputs = MakeAttentionInputs(architecture_.stack, batch);
    inputs.borders.offsets = inputs.borders.offsets.to(gpu);
    AttentionContext context(architecture_.stack, copy.stack(), batch, inputs,
                             at::TensorOptions(at::kFloat).device(gpu));
    return Attend(copy.stack().blocks[0].attention, /*layer=*/0, context,
                  Rows(input).to(gpu), /*probabilities=*/nullptr)
        .to(at::kCPU);
  }

  const Attention& attention() const {
    return transformer_->stack().blocks[0].attention;
  }

  static double Project(const Linear& linear, const float* input, int64_t out) {
    const auto* weight =
        reinterpret_cast<const float*>(linear.weight->storage());
    double sum =
        linear.bias == nullptr
            ? 0
            : reinterpret_cast<const float*>(linear.bias->storage())[out];
    for (int64_t i = 0; i < kHidden; ++i) {
      sum += static_cast<double>(weight[out * kHidden + i]) * input[i];
    }
    return sum;
  }

  int64_t key_heads() const {
    return recipe().num_key_value_heads > 0 ? recipe().num_key_value_heads
                                            : kHeads;
  }

  // Number i of head `head` of the queries (part 0), keys (1) or values (2).
  double Projected(int part, const float* input, int64_t head,
                   int64_t i) const {
    switch (recipe().layout) {
      case QkvLayout::kSeparate: {
        const Linear* const linears[] = {&attention().query, &attention().key,
                                         &attention().value};
        return Project(*linears[part], input, head * kHeadSize + i);
      }
      case QkvLayout::kConcatenated: {
        const int64_t first_heads[] = {0, kHeads, kHeads + key_heads()};
        return Project(attention().qkv, input,
                       (first_heads[part] + head) * kHeadSize + i);
      }
      case QkvLayout::kPerHead:
        return Project(attention().qkv, input,
                       (3 * head + part) * kHeadSize + i);
    }
    return 0;
  }

  bool IsVisible(const PackedBatch& batch, int64_t first, int64_t q,
                 int64_t k) const {
    const AttentionSpan span = VariantOf(architecture_.stack, 0).span;
    // Who sees nothing attends to all alike.
    if (recipe().masked_see_all && batch.attention_mask[first + q] == 0) {
      return false;
    }
    return batch.attention_mask[first + k] != 0 &&
           !(recipe().causal && k > q) &&
           !(span.before != AttentionSpan::kUnlimited && k < q - span.before) &&
           !(span.after != AttentionSpan::kUnlimited && k > q + span.after);
  }

  double Score(const float* query, const float* key, int64_t h,
               int64_t distance) const {
    double score = 0;
    const int64_t key_head = h * key_heads() / kHeads;
    for (int64_t i = 0; i < kHeadSize; ++i) {
      score += Projected(0, query, h, i) * Projected(1, key, key_head, i);
    }
    score *=
        recipe().scale > 0 ? recipe().scale : 1 / std::sqrt(double{kHeadSize});
    if (recipe().softcap > 0) {
      score = recipe().softcap * std::tanh(score / recipe().softcap);
    }
    if (const ParameterSlot* table = transformer_->stack().relative_bias) {
      const int64_t bucket = RelativeBucket(recipe().relative_bias, distance);
      score +=
          reinterpret_cast<const float*>(table->storage())[bucket * kHeads + h];
    }
    return score;
  }

  // Probability that query token `q` of head `h` gives to each token of its
  // row, which starts at `first`.
  std::vector<double> Probabilities(const PackedBatch& batch,
                                    const std::vector<float>& input,
                                    int64_t first, int64_t length, int64_t h,
                                    int64_t q) const {
    std::vector<double> weights(length, 0);
    double total = 0;
    for (int64_t k = 0; k < length; ++k) {
      if (!IsVisible(batch, first, q, k)) continue;
      weights[k] = std::exp(Score(&input[(first + q) * kHidden],
                                  &input[(first + k) * kHidden], h, k - q));
      total += weights[k];
    }
    if (total == 0) {  // who sees nothing attends to all alike
      return std::vector<double>(length, 1.0 / static_cast<double>(length));
    }
    for (double& weight : weights) weight /= total;
    return weights;
  }

  // [tokens, hidden] of the whole attention module.
  std::vector<float> Expected(const PackedBatch& batch,
                              const std::vector<float>& input) const {
    std::vector<float> output;
    for (int64_t s = 0; s < batch.num_sequences(); ++s) {
      const int64_t first = batch.sequence_offsets[s];
      for (int64_t q = 0; q < batch.length(s); ++q) {
        std::vector<float> context(kHidden, 0);
        for (int64_t i = 0; i < kHidden; ++i) {
          const std::vector<double> probabilities = Probabilities(
              batch, input, first, batch.length(s), i / kHeadSize, q);
          for (int64_t k = 0; k < batch.length(s); ++k) {
            context[i] +=
                probabilities[k] *
                Projected(2, &input[(first + k) * kHidden],
                          i / kHeadSize * key_heads() / kHeads, i % kHeadSize);
          }
        }
        for (int64_t i = 0; i < kHidden; ++i) {
          output.push_back(Project(attention().output, context.data(), i));
        }
      }
    }
    return output;
  }

  static at::Tensor Rows(std::vector<float>& values) {
    const int64_t tokens = static_cast<int64_t>(values.size()) / kHidden;
    return at::from_blob(values.data(), {tokens, kHidden});
  }

  static void ExpectNear(const at::Tensor& got,
                         const std::vector<float>& want) {
    const at::Tensor dense = got.contiguous();
    ASSERT_EQ(dense.numel(), static_cast<int64_t>(want.size()));
    for (size_t i = 0; i < want.size(); ++i) {
      EXPECT_NEAR(dense.const_data_ptr<float>()[i], want[i], 1e-4) << i;
    }
  }

  std::mt19937 random_{7};
  Architecture architecture_;
  std::unique_ptr<Transformer> transformer_;
  std::vector<std::vector<float>> weights_;
};

struct RowsCase {
  const char* name;
  std::vector<std::vector<uint8_t>> masks;
};

const RowsCase kCases[] = {
    {"one token", {{1}}},
    {"equal lengths in one call", {{1, 1, 1}, {1, 1, 1}}},
    {"all lengths differ", {{1, 1}, {1, 1, 1, 1}, {1}}},
    {"left padding", {{0, 0, 1, 1}}},
    {"a row that is masked whole", {{1, 1, 1}, {0, 0, 0}, {1, 0, 1}}},
    {"holes between full rows", {{1, 1, 1}, {1, 0, 1}, {1, 1, 1}}},
};

TEST_F(AttentionTest, EqualsTheFormulaRowByRow) {
  for (const RowsCase& c : kCases) {
    SCOPED_TRACE(c.name);
    const PackedBatch batch = Batch(c.masks);
    std::vector<float> input = Random(batch.num_tokens() * kHidden);

    const std::vector<float> expected = Expected(batch, input);
    ExpectNear(Attended(batch, input, nullptr), expected);
    ExpectNear(AttendedOnGpu(batch, input), expected);
  }
}

TEST_F(AttentionTest, KeepsTheSameAnswerWithProbabilities) {
  for (const RowsCase& c : kCases) {
    SCOPED_TRACE(c.name);
    const PackedBatch batch = Batch(c.masks);
    std::vector<float> input = Random(batch.num_tokens() * kHidden);
    at::Tensor probabilities;

    ExpectNear(Attended(batch, input, &probabilities), Expected(batch, input));

    std::vector<float> expected;
    for (int64_t s = 0; s < batch.num_sequences(); ++s) {
      for (int64_t h = 0; h < kHeads; ++h) {
        for (int64_t q = 0; q < batch.length(s); ++q) {
          for (double p : Probabilities(batch, input, batch.sequence_offsets[s],
                                        batch.length(s), h, q)) {
            expected.push_back(static_cast<float>(p));
          }
        }
      }
    }
    ExpectNear(probabilities, expected);
  }
}

// A row of infinities would become NaN, and spread from there.
TEST_F(AttentionTest, ScoresOfAQueryThatSeesNothingStayFiniteInHalfPrecision) {
  architecture_.stack.block.attention.causal = true;
  const PackedBatch batch = Batch({{0, 1, 1}});
  const AttentionInputs inputs =
      MakeAttentionInputs(architecture_.stack, batch);

  for (const at::ScalarType dtype : {at::kHalf, at::kBFloat16}) {
    AttentionContext context(architecture_.stack, transformer_->stack(), batch,
                             inputs, dtype);
    const std::optional<at::Tensor>& bias =
        context.BiasOf(/*layer=*/0, /*group=*/0);

    const double lowest_score = bias->sub(1000).min().item<double>();
    EXPECT_TRUE(std::isfinite(lowest_score)) << lowest_score;
  }
}

struct RecipeCase {
  const char* name;
  void (*change)(StackRecipe& stack);
};

const RecipeCase kRecipes[] = {
    {"causal", [](StackRecipe& stack) { stack.block.attention.causal = true; }},
    {"causal window",
     [](StackRecipe& stack) {
       stack.block.attention.causal = true;
       stack.variants.resize(1);
       stack.variants[0].span.before = 1;
     }},
    {"window on both sides",
     [](StackRecipe& stack) {
       stack.variants.resize(1);
       stack.variants[0].span = {/*before=*/2, /*after=*/1};
     }},
    {"keys and values shared by heads",
     [](StackRecipe& stack) { stack.block.attention.num_key_value_heads = 1; }},
    {"one tensor for all",
     [](StackRecipe& stack) {
       stack.block.attention.layout = QkvLayout::kConcatenated;
       stack.block.attention.num_key_value_heads = 1;
       stack.block.attention.qkv_bias = false;
     }},
    {"one tensor, head by head",
     [](StackRecipe& stack) {
       stack.block.attention.layout = QkvLayout::kPerHead;
     }},
    {"own scale and capped scores",
     [](StackRecipe& stack) {
       stack.block.attention.scale = 0.9;
       stack.block.attention.softcap = 0.7;
     }},
    {"relative bias",
     [](StackRecipe& stack) {
       stack.block.attention.relative_bias.table_rows = 32;
     }},
    {"masked tokens see all alike",
     [](StackRecipe& stack) {
       stack.block.attention.masked_see_all = true;
       stack.block.attention.relative_bias.table_rows = 32;
     }},
    {"relative bias of a decoder",
     [](StackRecipe& stack) {
       stack.block.attention.causal = true;
       stack.block.attention.relative_bias = {/*table_rows=*/8,
                                              /*num_buckets=*/8,
                                              /*max_distance=*/6,
                                              /*bidirectional=*/false};
     }},
};

TEST_F(AttentionTest, FollowsTheRecipe) {
  const StackRecipe plain = architecture_.stack;
  const PackedBatch batch = Batch(
      {{1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}, {0, 1, 1, 0, 1}, {1}});
  for (const RecipeCase& c : kRecipes) {
    SCOPED_TRACE(c.name);
    architecture_.stack = plain;
    c.change(architecture_.stack);
    Build();
    std::vector<float> input = Random(batch.num_tokens() * kHidden);
    const std::vector<float> expected = Expected(batch, input);

    ExpectNear(Attended(batch, input, nullptr), expected);
    ExpectNear(AttendedOnGpu(batch, input), expected);

    at::Tensor probabilities;
    ExpectNear(Attended(batch, input, &probabilities), expected);
  }
}

}  // namespace
}  // namespace transformerd
