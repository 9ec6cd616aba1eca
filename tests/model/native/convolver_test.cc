// The convolution against a plain computation of its formula.
#include "model/native/convolver.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "model/native/row_ops.h"
#include "model/runtime/packing.h"
#include "tests/model/native/random_model.h"

namespace transformerd {
namespace {

constexpr int64_t kHidden = 6;

Architecture WithConvolution(int64_t kernel_size, int64_t groups) {
  Architecture architecture;
  architecture.vocab_size = 2;
  architecture.hidden_size = kHidden;
  architecture.stack.num_hidden_layers = 1;
  architecture.stack.num_attention_heads = 2;
  architecture.stack.head_size = 3;
  architecture.stack.intermediate_size = 4;
  architecture.stack.convolution =
      ConvolutionRecipe{kernel_size, groups, Activation::kTanh};
  return architecture;
}

// Sequences of 1, 4 and 7 tokens, of which some are masked.
PackedRows SomeRows() {
  PackedRows rows;
  rows.attention_mask = {1, 1, 0, 1, 1, 1, 1, 1, 0, 0, 1, 1};
  rows.sequence_offsets = {0, 1, 5, 12};
  rows.sequence_has_mask = {false, true, true};
  return rows;
}

// Numbers of a row in the range, other ones for each `salt`.
double Number(int64_t row, int64_t channel, int salt) {
  return std::sin(static_cast<double>(row * 31 + channel * 7 + salt));
}

void Fill(int64_t num_rows, int salt, RowBuffer& rows) {
  rows.Resize(num_rows, kHidden);
  for (int64_t r = 0; r < num_rows; ++r) {
    for (int64_t c = 0; c < kHidden; ++c) {
      rows.row(r)[c] = static_cast<float>(Number(r, c, salt));
    }
  }
}

class Twin {
 public:
  Twin(const RandomModel& model, const ConvolutionRecipe& recipe,
       const RowRange& range)
      : model_(model), recipe_(recipe), range_(range) {}

  // What becomes of a row of the range, which belongs to a sequence.
  std::vector<double> RowOf(int64_t sequence, int64_t row) const {
    std::vector<double> sums(kHidden, 0);
    if (IsMasked(row)) return sums;
    double mean = 0, variance = 0;
    for (int64_t out = 0; out < kHidden; ++out) {
      sums[out] =
          Number(row, out, /*salt=*/2) + std::tanh(Product(sequence, row, out));
      mean += sums[out] / kHidden;
    }
    for (const double x : sums) variance += (x - mean) * (x - mean) / kHidden;
    for (int64_t c = 0; c < kHidden; ++c) {
      sums[c] = (sums[c] - mean) / std::sqrt(variance + 1e-12) *
                    model_.values("convolution_norm.weight")[c] +
                model_.values("convolution_norm.bias")[c];
    }
    return sums;
  }

 private:
  bool IsMasked(int64_t row) const {
    return range_.rows->attention_mask[range_.first_token + row] == 0;
  }

  double Product(int64_t sequence, int64_t row, int64_t out) const {
    const int64_t begin = range_.first_row(sequence);
    const int64_t end = begin + range_.rows->length(sequence);
    const int64_t channels = kHidden / recipe_.groups;
    const int64_t first_channel = out / channels * channels;
    double sum = model_.values("convolution.bias")[out];
    for (int64_t i = 0; i < recipe_.kernel_size; ++i) {
      const int64_t from = row + i - recipe_.kernel_size / 2;
      if (from < begin || from >= end || IsMasked(from)) continue;
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t weight = (out * channels + c) * recipe_.kernel_size + i;
        sum += model_.values("convolution.weight")[weight] *
               Number(from, first_channel + c, /*salt=*/1);
      }
    }
    return sum;
  }

  const RandomModel& model_;
  const ConvolutionRecipe& recipe_;
  const RowRange& range_;
};

// In blocks that cut sequences in two.
void ExpectConvolved(int64_t kernel_size, int64_t groups,
                     const SequenceRange& sequences) {
  const Architecture architecture = WithConvolution(kernel_size, groups);
  const ConvolutionRecipe& recipe = *architecture.stack.convolution;
  const RandomModel model(architecture);
  const PackedRows rows = SomeRows();
  const RowRange range(rows, sequences);
  const RowOps ops(model.kernels(), DType::kF32);
  Convolver convolver(recipe, kHidden, *model.weights().stack().convolution,
                      ops, /*max_rows=*/3);
  RowBuffer input, stream;
  Fill(range.num_tokens, /*salt=*/1, input);
  Fill(range.num_tokens, /*salt=*/2, stream);

  for (int64_t first = 0; first < range.num_tokens; first += 3) {
    const int64_t left = range.num_tokens - first;
    convolver.Run(range, input, {first, left < 3 ? left : 3}, stream);
  }

  const Twin twin(model, recipe, range);
  for (int64_t s = sequences.first; s < sequences.end; ++s) {
    for (int64_t i = 0; i < rows.length(s); ++i) {
      const int64_t row = range.first_row(s) + i;
      const std::vector<double> want = twin.RowOf(s, row);
      for (int64_t c = 0; c < kHidden; ++c) {
        EXPECT_NEAR(stream.row(row)[c], want[c], 1e-4) << row << ", " << c;
      }
    }
  }
}

TEST(ConvolverTest, TokensSeeVisibleNeighboursOfTheirSequenceAlone) {
  ExpectConvolved(/*kernel_size=*/3, /*groups=*/1, {0, 3});
  ExpectConvolved(/*kernel_size=*/1, /*groups=*/1, {0, 3});
}

TEST(ConvolverTest, TheKernelMayBeLongerThanASequence) {
  ExpectConvolved(/*kernel_size=*/9, /*groups=*/1, {0, 3});
}

TEST(ConvolverTest, GroupsOfChannelsSeeTheirOwn) {
  ExpectConvolved(/*kernel_size=*/3, /*groups=*/2, {0, 3});
  ExpectConvolved(/*kernel_size=*/5, /*groups=*/6, {0, 3});
}

TEST(ConvolverTest, ARangeMayBeginInTheMiddleOfABatch) {
  ExpectConvolved(/*kernel_size=*/3, /*groups=*/3, {1, 3});
}

}  // namespace
}  // namespace transformerd
