// Feed-forward networks against plain computations of their formulas.
#include "model/reference/mlp.h"

#include <ATen/ops/from_blob.h>
#include <ATen/ops/ones.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 4;
constexpr int64_t kInner = 6;
constexpr int64_t kTokens = 9;

using Vector = std::vector<double>;

double Silu(double x) { return x / (1 + std::exp(-x)); }

class MlpTest : public ::testing::Test {
 protected:
  MlpTest() {
    architecture_.vocab_size = 2;
    architecture_.hidden_size = kHidden;
    architecture_.stack.num_hidden_layers = 1;
    architecture_.stack.num_attention_heads = 1;
    architecture_.stack.head_size = kHidden;
    architecture_.stack.intermediate_size = kInner;
    recipe().activation = Activation::kSilu;
    input_ = Random(kTokens * kHidden);
  }

  MlpRecipe& recipe() { return architecture_.stack.block.mlp; }

  std::vector<float> Random(int64_t size) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(size);
    for (float& value : values) value = uniform(random_);
    return values;
  }

  const Block& Build() {
    transformer_ = std::make_unique<Transformer>(architecture_, DType::kF32);
    weights_.clear();
    for (const auto& slot : transformer_->slots()) {
      weights_.push_back(Random(slot->size_bytes() / 4));
      slot->Fill(reinterpret_cast<std::byte*>(weights_.back().data()));
    }
    return transformer_->stack().blocks.front();
  }

  // weight x + bias.
  static Vector Product(const Linear& linear, const Vector& x) {
    const int64_t in = static_cast<int64_t>(x.size());
    const int64_t out =
        linear.in_out ? linear.weight->shape()[1] : linear.weight->shape()[0];
    const auto* weight =
        reinterpret_cast<const float*>(linear.weight->storage());
    Vector y(out, 0);
    for (int64_t o = 0; o < out; ++o) {
      if (linear.bias != nullptr) {
        y[o] = reinterpret_cast<const float*>(linear.bias->storage())[o];
      }
      for (int64_t i = 0; i < in; ++i) {
        y[o] += x[i] * weight[linear.in_out ? i * out + o : o * in + i];
      }
    }
    return y;
  }

  // The product of Silu(gate) and up, through `down`.
  static Vector Gated(const Vector& gate, const Vector& up,
                      const Linear& down) {
    Vector inner(up.size());
    for (size_t i = 0; i < up.size(); ++i) inner[i] = Silu(gate[i]) * up[i];
    return Product(down, inner);
  }

  Vector Token(int64_t token) const {
    return Vector(input_.begin() + token * kHidden,
                  input_.begin() + (token + 1) * kHidden);
  }

  template <typename Formula>
  void ExpectEachToken(const Block& block, const Formula& formula) {
    const at::Tensor input = at::from_blob(input_.data(), {kTokens, kHidden});
    const at::Tensor got =
        FeedForward(block, architecture_.stack.block, input).contiguous();
    for (int64_t token = 0; token < kTokens; ++token) {
      const Vector expected = formula(Token(token));
      for (int64_t i = 0; i < kHidden; ++i) {
        EXPECT_NEAR(got.const_data_ptr<float>()[token * kHidden + i],
                    expected[i], 1e-5);
      }
    }
  }

  std::mt19937 random_{11};
  Architecture architecture_;
  std::unique_ptr<Transformer> transformer_;
  std::vector<std::vector<float>> weights_;
  std::vector<float> input_;
};

TEST_F(MlpTest, IsTwoLinearsAroundTheActivation) {
  for (const bool in_out : {false, true}) {
    architecture_.stack.block.weights_in_out = in_out;
    const Block& block = Build();
    ExpectEachToken(block, [&](const Vector& x) {
      Vector inner = Product(block.mlps[0].up, x);
      for (double& value : inner) value = Silu(value);
      return Product(block.mlps[0].down, inner);
    });
  }
}

// Sums of 4 ones, then of 6 fours times 10000, which float16 has no number for.
TEST_F(MlpTest, AFloat32ResidualGetsWhatFloat16CannotHold) {
  recipe().activation = Activation::kIdentity;
  recipe().bias = false;
  for (const bool is_wide : {false, true}) {
    architecture_.stack.block.float32_residual = is_wide;
    const Transformer transformer(architecture_, DType::kF16);
    const Block& block = transformer.stack().blocks.front();
    std::vector<at::Half> ones(kInner * kHidden, 1), large(ones.size(), 10000);
    block.mlps[0].up.weight->Fill(reinterpret_cast<std::byte*>(ones.data()));
    block.mlps[0].down.weight->Fill(reinterpret_cast<std::byte*>(large.data()));

    const at::Tensor got = FeedForward(block, architecture_.stack.block,
                                       at::ones({1, kHidden}, at::kHalf));

    EXPECT_EQ(got.scalar_type(), is_wide ? at::kFloat : at::kHalf);
    const float value = got.to(at::kFloat).const_data_ptr<float>()[0];
    EXPECT_EQ(value, is_wide ? 240000 : std::numeric_limits<float>::infinity());
  }
}

TEST_F(MlpTest, MultipliesWithAGate) {
  recipe().kind = MlpKind::kGated;
  recipe().bias = false;
  const Block& block = Build();
  ExpectEachToken(block, [&](const Vector& x) {
    const Mlp& mlp = block.mlps[0];
    return Gated(Product(mlp.gate, x), Product(mlp.up, x), mlp.down);
  });
}

TEST_F(MlpTest, TakesTheGateFromTheFirstHalfOfOneTensor) {
  recipe().kind = MlpKind::kGatedFused;
  const Block& block = Build();
  ExpectEachToken(block, [&](const Vector& x) {
    const Vector both = Product(block.mlps[0].gate_up, x);
    return Gated(Vector(both.begin(), both.begin() + kInner),
                 Vector(both.begin() + kInner, both.end()), block.mlps[0].down);
  });
}

TEST_F(MlpTest, AddsTheBestExpertsByTheirProbabilities) {
  recipe().kind = MlpKind::kGated;
  recipe().bias = false;
  recipe().num_experts = 4;
  recipe().experts_per_token = 2;
  const Block& block = Build();
  ExpectEachToken(block, [&](const Vector& x) {
    const Vector scores = Product(*block.router, x);
    std::vector<int> order(scores.size());
    std::iota(order.begin(), order.end(), 0);
    std::sort(order.begin(), order.end(),
              [&](int a, int b) { return scores[a] > scores[b]; });
    const double first = std::exp(scores[order[0]]);
    const double second = std::exp(scores[order[1]]);
    Vector sum(kHidden, 0);
    for (const int rank : {0, 1}) {
      const Mlp& expert = block.mlps[order[rank]];
      const Vector y =
          Gated(Product(expert.gate, x), Product(expert.up, x), expert.down);
      const double weight = (rank == 0 ? first : second) / (first + second);
      for (int64_t i = 0; i < kHidden; ++i) sum[i] += weight * y[i];
    }
    return sum;
  });
}

}  // namespace
}  // namespace transformerd
