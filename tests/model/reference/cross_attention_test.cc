// Cross attention over packed rows against a plain computation of the formula,
// row by row in double precision.
#include "model/reference/cross_attention.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 6;
constexpr int64_t kHeads = 2;
constexpr int64_t kHeadSize = 4;
constexpr int64_t kInner = kHeads * kHeadSize;

using Masks = std::vector<std::vector<uint8_t>>;

class CrossAttentionTest : public ::testing::Test {
 protected:
  CrossAttentionTest() {
    StackRecipe& stack = architecture_.stack;
    architecture_.vocab_size = 4;
    architecture_.hidden_size = kHidden;
    stack.num_hidden_layers = 1;
    stack.num_attention_heads = kHeads;
    stack.head_size = kHeadSize;
    stack.intermediate_size = 4;
    architecture_.decoder = stack;
    architecture_.decoder->block.cross_attention = true;
    transformer_ = std::make_unique<Transformer>(architecture_, DType::kF32);
    for (const auto& slot : transformer_->slots()) {
      weights_.push_back(Random(slot->size_bytes() / 4));
      slot->Fill(reinterpret_cast<std::byte*>(weights_.back().data()));
    }
  }

  std::vector<float> Random(int64_t size) {
    std::uniform_real_distribution<float> uniform(-1, 1);
    std::vector<float> values(size);
    for (float& value : values) value = uniform(random_);
    return values;
  }

  // Rows with these masks; 1 a visible token.
  static PackedRows Rows(const Masks& masks) {
    PackedRows rows;
    for (const auto& mask : masks) {
      rows.attention_mask.insert(rows.attention_mask.end(), mask.begin(),
                                 mask.end());
      rows.sequence_has_mask.push_back(std::count(mask.begin(), mask.end(), 0) >
                                       0);
      rows.sequence_offsets.push_back(rows.num_tokens() + mask.size());
    }
    return rows;
  }

  static at::Tensor Vectors(std::vector<float>& values) {
    return at::from_blob(
        values.data(),
        {static_cast<int64_t>(values.size()) / kHidden, kHidden});
  }

  const Attention& attention() const {
    return *transformer_->decoder()->blocks[0].cross_attention;
  }

  static double Project(const Linear& linear, const double* input, int64_t in,
                        int64_t out) {
    const auto* weight =
        reinterpret_cast<const float*>(linear.weight->storage());
    double sum = reinterpret_cast<const float*>(linear.bias->storage())[out];
    for (int64_t i = 0; i < in; ++i) sum += weight[out * in + i] * input[i];
    return sum;
  }

  static std::vector<double> Project(const Linear& linear,
                                     const std::vector<float>& inputs,
                                     int64_t token) {
    const std::vector<double> input(inputs.begin() + token * kHidden,
                                    inputs.begin() + (token + 1) * kHidden);
    std::vector<double> out;
    for (int64_t i = 0; i < kInner; ++i) {
      out.push_back(Project(linear, input.data(), kHidden, i));
    }
    return out;
  }

  // What the formula gives for query `query` of row `row`: its probabilities,
  // head by head, go to `probabilities`.
  std::vector<double> Expected(
      const PackedRows& decoder, int64_t row, int64_t query,
      const std::vector<float>& x, const PackedRows& encoder,
      const std::vector<float>& encoded,
      std::vector<std::vector<double>>& probabilities) {
    const double scale = 1 / std::sqrt(static_cast<double>(kHeadSize));
    const int64_t first_key = encoder.sequence_offsets[row];
    const std::vector<double> q =
        Project(attention().query, x, decoder.sequence_offsets[row] + query);
    std::vector<double> mixed(kInner, 0);
    probabilities.assign(kHeads, {});
    for (int64_t head = 0; head < kHeads; ++head) {
      double sum = 0;
      for (int64_t k = 0; k < encoder.length(row); ++k) {
        const std::vector<double> key =
            Project(attention().key, encoded, first_key + k);
        double score = 0;
        for (int64_t i = head * kHeadSize; i < (head + 1) * kHeadSize; ++i) {
          score += q[i] * key[i];
        }
        const bool is_visible = encoder.attention_mask[first_key + k] != 0;
        probabilities[head].push_back(is_visible ? std::exp(score * scale) : 0);
        sum += probabilities[head].back();
      }
      for (int64_t k = 0; k < encoder.length(row); ++k) {
        probabilities[head][k] /= sum;
        const std::vector<double> value =
            Project(attention().value, encoded, first_key + k);
        for (int64_t i = head * kHeadSize; i < (head + 1) * kHeadSize; ++i) {
          mixed[i] += probabilities[head][k] * value[i];
        }
      }
    }
    std::vector<double> out;
    for (int64_t i = 0; i < kHidden; ++i) {
      out.push_back(Project(attention().output, mixed.data(), kInner, i));
    }
    return out;
  }

  // Compares outputs, and probabilities where they are asked for.
  void Check(const Masks& decoder_masks, const Masks& encoder_masks,
             bool keep_probabilities) {
    const PackedRows decoder = Rows(decoder_masks);
    const PackedRows encoder = Rows(encoder_masks);
    std::vector<float> x = Random(decoder.num_tokens() * kHidden);
    std::vector<float> encoded = Random(encoder.num_tokens() * kHidden);
    const CrossContext context(*architecture_.decoder, decoder,
                               MakeRowBorders(decoder), encoder,
                               MakeRowBorders(encoder), at::kFloat);
    const CrossMemory memory =
        MakeCrossMemory(attention(), *architecture_.decoder, Vectors(encoded));
    at::Tensor probabilities;

    const at::Tensor got =
        AttendAcross(attention(), context, memory, Vectors(x),
                     keep_probabilities ? &probabilities : nullptr);

    const float* kept =
        keep_probabilities ? probabilities.const_data_ptr<float>() : nullptr;
    for (int64_t row = 0; row < decoder.num_sequences(); ++row) {
      const int64_t queries = decoder.length(row);
      const int64_t keys = encoder.length(row);
      for (int64_t q = 0; q < queries; ++q) {
        std::vector<std::vector<double>> expected;
        const std::vector<double> want =
            Expected(decoder, row, q, x, encoder, encoded, expected);
        const float* token = got.const_data_ptr<float>() +
                             (decoder.sequence_offsets[row] + q) * kHidden;
        for (int64_t i = 0; i < kHidden; ++i) {
          ASSERT_NEAR(token[i], want[i], 1e-5) << row << " " << q << " " << i;
        }
        for (int64_t h = 0; h < kHeads && keep_probabilities; ++h) {
          for (int64_t k = 0; k < keys; ++k) {
            ASSERT_NEAR(kept[(h * queries + q) * keys + k], expected[h][k],
                        1e-6);
          }
        }
      }
      if (keep_probabilities) kept += kHeads * queries * keys;
    }
  }

  Architecture architecture_;
  std::unique_ptr<Transformer> transformer_;
  std::vector<std::vector<float>> weights_;
  std::mt19937 random_{20};
};

const Masks kRaggedDecoder = {{1, 1}, {1, 1}, {1, 1, 1}, {1}};
const Masks kRaggedEncoder = {{1, 1, 1}, {1, 1, 1}, {1}, {0, 1, 0, 1}};

TEST_F(CrossAttentionTest, RowsOfAllLengthsSeeTheirOwnRowOnly) {
  Check(kRaggedDecoder, kRaggedEncoder, /*keep_probabilities=*/false);
}

TEST_F(CrossAttentionTest, GivesTheProbabilitiesOfAllRows) {
  Check(kRaggedDecoder, kRaggedEncoder, /*keep_probabilities=*/true);
}

TEST_F(CrossAttentionTest, EveryQueryCountsAlsoWhereTheDecoderIsMasked) {
  Check({{0, 1, 1}}, {{1, 0, 1}}, /*keep_probabilities=*/false);
}

TEST_F(CrossAttentionTest, NeighboursOfTheSameLengthsAreOneCall) {
  const PackedRows decoder = Rows(kRaggedDecoder);
  const PackedRows encoder = Rows(kRaggedEncoder);

  const CrossContext context(*architecture_.decoder, decoder,
                             MakeRowBorders(decoder), encoder,
                             MakeRowBorders(encoder), at::kFloat);

  ASSERT_EQ(context.groups().size(), 3u);
  EXPECT_EQ(context.groups()[0].rows, 2);
  EXPECT_EQ(context.groups()[2].keys, 4);
}

}  // namespace
}  // namespace transformerd
