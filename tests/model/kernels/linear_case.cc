#include "tests/model/kernels/linear_case.h"

#include <algorithm>
#include <cmath>
#include <ostream>
#include <vector>

#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/twins.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

// How far float32 is off, relative to the number.
constexpr double kFloatError = 6e-8;

// Rows of uint8.
struct BytePanels {
  PanelRows panel_rows() const {
    return {bytes.data(), static_cast<int64_t>(scales.size()) * kPanelBytes,
            scales.data()};
  }

  std::vector<std::byte> bytes;
  std::vector<RowScale> scales;
};

// Eighths exactly, with zero points all over. Behind the columns lie bytes that
// must not count.
BytePanels MakeBytePanels(const Matrix& eighths, Numbers& numbers) {
  const int64_t panels = NumPanels(eighths.columns, DType::kI8);
  BytePanels rows;
  rows.bytes.resize((panels * eighths.rows + kRowSlack) * kPanelBytes,
                    std::byte{0xff});
  for (int64_t r = 0; r < eighths.rows; ++r) {
    const auto zero = static_cast<int32_t>(numbers.Integer(15, 240));
    rows.scales.push_back({0.125f, zero});
    for (int64_t c = 0; c < eighths.columns; ++c) {
      const int64_t panel = c / kPanelBytes;
      rows.bytes[(panel * eighths.rows + r) * kPanelBytes + c % kPanelBytes] =
          static_cast<std::byte>(zero + std::lround(8 * eighths.at(r, c)));
    }
  }
  return rows;
}

class LinearRun {
 public:
  LinearRun(const Variant& variant, const LinearCase& linear, uint32_t seed)
      : variant_(variant), linear_(linear), numbers_(seed) {
    input_ = numbers_.Eighths(linear.rows, linear.in);
    weight_ = numbers_.Eighths(linear.out, linear.in);
    gate_ = numbers_.Eighths(linear.out, linear.in);
    if (variant.int8) {
      for (Matrix* matrix : {&weight_, &gate_}) MakeWholeInInt8(*matrix);
    }
    if (linear.bias) {
      bias_ = numbers_.Eighths(1, linear.out).values;
      gate_bias_ = numbers_.Eighths(1, linear.out).values;
    }
    MakeColumns();
  }

  ::testing::AssertionResult Run() {
    RowMemory out = linear_.to == Destination::kPanels
                        ? RowMemory::GuardedPanels(variant_.dtype, linear_.rows,
                                                   panel_columns_)
                        : RowMemory::GuardedFloats(linear_.rows, linear_.out);
    Expect(out);
    Call(out);
    return out.HoldsWhatIsExpected();
  }

 private:
  // One number of each output becomes 127 / 8, the largest, so that its scale
  // is 1 / 8: the others are whole numbers in int8, and products are exact.
  void MakeWholeInInt8(Matrix& weight) {
    for (int64_t n = 0; n < weight.rows; ++n) {
      weight.at(n, numbers_.Integer(0, weight.columns - 1)) = 127.0 / 8;
    }
  }

  // Where each column of the result goes in panels.
  void MakeColumns() {
    panel_columns_ = linear_.out;
    if (linear_.head_size == 0) return;
    const int64_t size = linear_.head_size;
    const int64_t heads = linear_.out / size;
    const int64_t stride = RoundUp(size, ColumnsPerPanel(variant_.dtype));
    panel_columns_ = heads * stride;
    for (int64_t n = 0; n < linear_.out; ++n) {
      columns_.push_back(
          static_cast<int32_t>((heads - 1 - n / size) * stride + n % size));
    }
  }

  int64_t end_block() const {
    return std::min(linear_.end_block, NumBlocks(linear_.out));
  }

  void Expect(RowMemory& out) {
    const Matrix up = ProductTwin(input_, weight_, bias_);
    const Matrix gate =
        linear_.gate ? ProductTwin(input_, gate_, gate_bias_) : Matrix();
    const int64_t begin = linear_.first_block * kBlockColumns;
    const int64_t end = std::min(linear_.out, end_block() * kBlockColumns);
    const bool fills_panels =
        linear_.to == Destination::kPanels && linear_.head_size == 0;
    for (int64_t r = 0; r < linear_.rows; ++r) {
      for (int64_t n = begin; n < end; ++n) {
        if (linear_.gate) {
          ExpectOne(out, r, n, gate.at(r, n), /*factor=*/up.at(r, n));
        } else {
          ExpectOne(out, r, n, up.at(r, n), /*factor=*/1);
        }
      }
      // Zeros fill the last vector of panels.
      if (!fills_panels || begin >= end) continue;
      for (int64_t n = end; n < RoundUp(end, kLanes); ++n) out.Expect(r, n, 0);
    }
  }

  // That activation(x) * factor is column n, if no more is done to it.
  void ExpectOne(RowMemory& out, int64_t row, int64_t n, double x,
                 double factor) {
    double value = ActivationTwin(linear_.activation, x) * factor;
    double error = ActivationError(linear_.activation, variant_.dtype, x) *
                   std::abs(factor);
    if (linear_.gate) error += kFloatError * std::abs(value);
    if (linear_.softcap > 0) {
      const double share = value / linear_.softcap;
      // tanh is nowhere steeper than 1.
      error += linear_.softcap *
               ActivationError(Activation::kTanh, variant_.dtype, share);
      value = linear_.softcap * std::tanh(share);
    }
    if (linear_.to == Destination::kAddToRows) {
      const double there = numbers_.Eighth();
      out.Set(row, n, there);
      value += there;
    }
    // Nothing is rounded where all is exact.
    if (error > 0) error += kFloatError * std::abs(value);
    out.Expect(row, columns_.empty() ? n : columns_[n], value, error);
  }

  void Call(RowMemory& out) {
    RowMemory input = RowMemory::PanelsOf(variant_.dtype, input_);
    BytePanels bytes;
    if (variant_.int8) bytes = MakeBytePanels(input_, numbers_);
    const auto pack = variant_.int8 ? Quantized : Packed;
    const std::vector<std::byte> weight = pack(variant_.dtype, weight_);
    const std::vector<std::byte> gate = pack(variant_.dtype, gate_);
    const std::vector<float> bias = PaddedFloats(bias_);
    const std::vector<float> gate_bias = PaddedFloats(gate_bias_);
    LinearCall call;
    call.input = variant_.int8 ? bytes.panel_rows() : input.panel_rows();
    call.rows = linear_.rows;
    call.panels =
        NumPanels(linear_.in, variant_.int8 ? DType::kI8 : variant_.dtype);
    call.out = linear_.out;
    call.first_block = linear_.first_block;
    call.end_block = end_block();
    call.linear = {weight.data(), linear_.bias ? bias.data() : nullptr};
    if (linear_.gate) {
      call.gate = {gate.data(), linear_.bias ? gate_bias.data() : nullptr};
    }
    call.activation = linear_.activation;
    call.softcap = linear_.softcap;
    call.stride = out.stride();
    if (!columns_.empty()) {
      call.map = {columns_.data(), linear_.head_size % kLanes == 0};
    }
    switch (linear_.to) {
      case Destination::kPanels:
        call.panels_out = out.panels();
        break;
      case Destination::kRows:
        call.rows_out = out.floats();
        break;
      case Destination::kAddToRows:
        call.add_to_rows = out.floats();
        break;
    }
    const Kernels& kernels = *variant_.kernels;
    (variant_.int8 ? kernels.linear_int8 : kernels.linear)(call);
  }

  const Variant& variant_;
  const LinearCase& linear_;
  Numbers numbers_;
  Matrix input_, weight_, gate_;
  std::vector<double> bias_, gate_bias_;
  std::vector<int32_t> columns_;
  int64_t panel_columns_ = 0;
};

}  // namespace

std::ostream& operator<<(std::ostream& out, const LinearCase& linear) {
  out << linear.rows << " rows of " << linear.in << " to " << linear.out;
  if (linear.bias) out << ", bias";
  if (linear.gate) out << ", gate";
  out << ", activation " << static_cast<int>(linear.activation);
  if (linear.softcap > 0) out << ", softcap " << linear.softcap;
  out << ", destination " << static_cast<int>(linear.to);
  if (linear.head_size > 0) out << ", heads of " << linear.head_size;
  return out;
}

::testing::AssertionResult EqualsTwin(const Variant& variant,
                                      const LinearCase& linear, uint32_t seed) {
  ::testing::AssertionResult result = LinearRun(variant, linear, seed).Run();
  if (!result) result << " (" << variant << ": " << linear << ")";
  return result;
}

}  // namespace transformerd::kernels
