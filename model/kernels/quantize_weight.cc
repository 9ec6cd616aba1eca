#include "model/kernels/quantize_weight.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "glog/logging.h"
#include "model/kernels/elements.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack_block.h"

namespace transformerd::kernels {
namespace {

// The weights of one output in int8.
struct QuantizedOutput {
  float scale = 0;
  int32_t sum = 0;
};

// The largest magnitude; NaN where not all are finite.
float LargestOf(const std::vector<float>& weights) {
  // As the bits compare, which vectors do faster, and among which infinity and
  // NaN are the largest.
  int32_t largest_bits = 0;
  for (const float w : weights) {
    int32_t bits;
    std::memcpy(&bits, &w, sizeof(bits));
    largest_bits = std::max(largest_bits, bits & 0x7fffffff);
  }
  float largest;
  std::memcpy(&largest, &largest_bits, sizeof(largest));
  return std::isfinite(largest) ? largest
                                : std::numeric_limits<float>::quiet_NaN();
}

QuantizedOutput QuantizeOutput(const std::vector<float>& weights,
                               int8_t* quantized) {
  const float largest = LargestOf(weights);
  QuantizedOutput output;
  output.scale = largest / 127;
  const float factor = 127 / largest;
  // Of zeros, of what is as good as zero, and of what is not finite.
  if (!std::isfinite(factor)) {
    std::fill_n(quantized, weights.size(), int8_t{0});
    return output;
  }
  for (size_t k = 0; k < weights.size(); ++k) {
    const float x = weights[k] * factor;
    // To the nearest; one half away from zero.
    quantized[k] = static_cast<int8_t>(x + std::copysign(0.5f, x));
    output.sum += quantized[k];
  }
  return output;
}

template <typename E>
class Quantizer {
 public:
  using Stored = typename E::Stored;

  Quantizer(const PlainWeight& weight, std::byte* storage)
      : weight_(weight),
        storage_(storage),
        plain_(reinterpret_cast<const Stored*>(storage)),
        panels_(NumPanels(weight.in, DType::kI8)),
        row_(weight.in),
        row_units_(RoundUp(weight.in, kUnitBytes) / kUnitBytes),
        block_(kBlockColumns * row_units_, 0),
        scales_(RoundUp(weight.out, kLanes), 0),
        sums_(RoundUp(weight.out, kLanes), 0) {}

  void Run() {
    std::vector<Stored> copy;
    if (weight_.in_out) {
      copy.assign(plain_, plain_ + weight_.in * weight_.out);
      plain_ = copy.data();
    }
    const int64_t blocks = NumBlocks(weight_.out);
    // What is packed may only lie where the plain form was read before: that of
    // the blocks in front as a rule, that of the ones behind where padding
    // makes rows longer.
    const bool is_shorter = panels_ * kPanelBytes <=
                            weight_.in * static_cast<int64_t>(sizeof(Stored));
    for (int64_t i = 0; i < blocks; ++i) {
      QuantizeBlock(is_shorter ? i : blocks - 1 - i);
    }
    std::memcpy(storage_ + ScalesOffset(weight_.out, panels_), scales_.data(),
                scales_.size() * sizeof(float));
    std::memcpy(storage_ + SumsOffset(weight_.out, panels_), sums_.data(),
                sums_.size() * sizeof(int32_t));
  }

 private:
  void QuantizeBlock(int64_t block) {
    const int64_t columns = ColumnsOf(weight_.out, block);
    const int64_t out_step = weight_.in_out ? 1 : weight_.in;
    const int64_t in_step = weight_.in_out ? weight_.out : 1;
    for (int64_t column = 0; column < columns; ++column) {
      const int64_t out = block * kBlockColumns + column;
      const Stored* const from = plain_ + out * out_step;
      for (int64_t k = 0; k < weight_.in; ++k) {
        row_[k] = E::Decode(from[k * in_step]);
      }
      const QuantizedOutput output = QuantizeOutput(
          row_, reinterpret_cast<int8_t*>(block_.data() + column * row_units_));
      scales_[out] = output.scale;
      sums_[out] = output.sum;
    }
    PackBlock(block_.data(), row_units_, 1, columns, row_units_,
              storage_ + BlockOffset(block, panels_));
  }

  const PlainWeight& weight_;
  std::byte* const storage_;
  const Stored* plain_;
  const int64_t panels_;
  std::vector<float> row_;  // of one output
  // [outputs of a block, units of four int8]
  const int64_t row_units_;
  std::vector<uint32_t> block_;
  std::vector<float> scales_;
  std::vector<int32_t> sums_;
};

}  // namespace

void QuantizeInPlace(const PlainWeight& weight, std::byte* storage) {
  CHECK_LE(weight.in, kMaxInt8Inputs);
  if (weight.dtype == DType::kF32) {
    Quantizer<Float32>(weight, storage).Run();
  } else {
    CHECK(weight.dtype == DType::kBF16) << NameOf(weight.dtype);
    Quantizer<BFloat16>(weight, storage).Run();
  }
}

}  // namespace transformerd::kernels
