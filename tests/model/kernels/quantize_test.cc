// Rows on their way into uint8, and what is multiplied with them.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/variants.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

constexpr int64_t kColumns[] = {1,  2,  15, 16, 17,  31,  32,  33,
                                63, 64, 65, 97, 127, 128, 384, 1000};

// Rows in panels of bytes.
struct ByteRows {
  int At(int64_t row, int64_t column) const {
    return static_cast<uint8_t>(data[column / kPanelBytes * stride +
                                     row * kPanelBytes + column % kPanelBytes]);
  }
  double Number(int64_t row, int64_t column) const {
    return (At(row, column) - scales[row].zero_point) *
           static_cast<double>(scales[row].scale);
  }

  const std::byte* data = nullptr;
  int64_t stride = 0;
  std::vector<RowScale> scales;
};

class QuantizeTest : public KernelTest {
 protected:
  // Of numbers of the kernels' dtype, from `lowest` to `highest` thousandths.
  Matrix RandomRows(int64_t rows, int64_t columns, int64_t lowest,
                    int64_t highest) const {
    Numbers numbers(static_cast<uint32_t>(columns));
    Matrix matrix(rows, columns);
    for (double& x : matrix.values) {
      x = RoundTo(dtype(),
                  static_cast<double>(numbers.Integer(lowest, highest)) / 1000);
    }
    return matrix;
  }

  ByteRows Quantize(RowMemory& panels, int64_t rows, int64_t columns) const {
    ByteRows bytes = {panels.panels(), panels.stride(),
                      std::vector<RowScale>(rows)};
    QuantizeCall call;
    call.data = panels.panels();
    call.stride = panels.stride();
    call.rows = rows;
    call.columns = columns;
    call.scales = bytes.scales.data();
    kernels().quantize(call);
    return bytes;
  }
};

INSTANTIATE_TEST_SUITE_P(All, QuantizeTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(QuantizeTest, EachNumberIsTheNearestStepOfItsRow) {
  constexpr int64_t kRows = 5;
  struct Range {
    int64_t lowest, highest;
  };
  for (const Range range :
       {Range{-3000, 3000}, Range{-170, 5000}, Range{0, 900}, Range{-80, -3}}) {
    for (const int64_t columns : kColumns) {
      SCOPED_TRACE(columns);
      const Matrix rows =
          RandomRows(kRows, columns, range.lowest, range.highest);
      RowMemory panels = RowMemory::PanelsOf(dtype(), rows);

      const ByteRows bytes = Quantize(panels, kRows, columns);

      for (int64_t r = 0; r < kRows; ++r) {
        const auto begin = rows.values.begin() + r * columns;
        const auto [low, high] = std::minmax_element(begin, begin + columns);
        const double width = std::max(*high, 0.0) - std::min(*low, 0.0);
        const RowScale& scale = bytes.scales[r];
        ASSERT_NEAR(scale.scale, width / 255, 1e-6 * width);
        ASSERT_GE(scale.zero_point, 0);
        ASSERT_LE(scale.zero_point, 255);
        for (int64_t c = 0; c < columns; ++c) {
          // The zero point is rounded as well, which may push the ends out.
          const double number = rows.at(r, c);
          const bool is_end = number == *low || number == *high;
          ASSERT_NEAR(bytes.Number(r, c), number,
                      (is_end ? 1.001 : 0.501) * scale.scale);
          if (number == 0) {
            ASSERT_EQ(bytes.Number(r, c), 0);
          }
        }
      }
    }
  }
}

TEST_P(QuantizeTest, ZerosFillUpThePanels) {
  for (const int64_t columns : kColumns) {
    RowMemory panels =
        RowMemory::PanelsOf(dtype(), RandomRows(3, columns, -1000, 1000));

    const ByteRows bytes = Quantize(panels, 3, columns);

    for (int64_t r = 0; r < 3; ++r) {
      for (int64_t c = columns; c < RoundUp(columns, kPanelBytes); ++c) {
        ASSERT_EQ(bytes.At(r, c), 0) << columns << ": " << r << ", " << c;
      }
    }
  }
}

TEST_P(QuantizeTest, RowsOfZerosStayZeros) {
  RowMemory panels = RowMemory::PanelsOf(dtype(), Matrix(2, 40));

  const ByteRows bytes = Quantize(panels, 2, 40);

  for (int64_t c = 0; c < 40; ++c) EXPECT_EQ(bytes.Number(1, c), 0);
}

TEST_P(QuantizeTest, WhatIsNotFiniteSpoilsItsRowAlone) {
  using Limits = std::numeric_limits<double>;
  for (const double bad : {Limits::quiet_NaN(), Limits::infinity()}) {
    for (const int64_t column : {0, 21, 69}) {
      Matrix rows = RandomRows(3, 70, -1000, 1000);
      RowMemory panels = RowMemory::PanelsOf(dtype(), rows);
      panels.Set(1, column, bad);

      const ByteRows bytes = Quantize(panels, 3, 70);

      EXPECT_TRUE(std::isnan(bytes.scales[1].scale));
      EXPECT_TRUE(std::isfinite(bytes.scales[0].scale));
      EXPECT_TRUE(std::isfinite(bytes.scales[2].scale));
    }
  }
}

TEST_P(QuantizeTest, NothingAroundTheRowsIsTouched) {
  for (const int64_t columns : kColumns) {
    SCOPED_TRACE(columns);
    const Matrix all = RandomRows(7, columns, -1000, 1000);
    RowMemory panels = RowMemory::PanelsOf(dtype(), all);
    const RowMemory before = panels;
    std::vector<RowScale> scales(3);
    QuantizeCall call;
    call.data = panels.panels(2);
    call.stride = panels.stride();
    call.rows = 3;
    call.columns = columns;
    call.scales = scales.data();

    kernels().quantize(call);

    for (const int64_t r : {0, 1, 5, 6}) {
      for (int64_t c = 0; c < columns; ++c) {
        ASSERT_EQ(panels.Get(r, c), before.Get(r, c)) << r << ", " << c;
      }
    }
  }
}

// Products of 255 and 127 that are added in pairs do not fit into int16.
TEST_P(QuantizeTest, TheLargestProductsAreExact) {
  constexpr int64_t kIn = 4096, kOut = 49;
  for (const int sign : {1, -1}) {
    for (const int32_t zero_point : {0, 255}) {
      const std::vector<std::byte> weight =
          Quantized(dtype(), Matrix(kOut, kIn, sign * 127));
      const auto byte = static_cast<std::byte>(255 - zero_point);
      const std::vector<std::byte> row(kIn * (1 + kRowSlack), byte);
      const RowScale scale = {1, zero_point};
      RowMemory out = RowMemory::GuardedFloats(1, kOut);
      for (int64_t n = 0; n < kOut; ++n) {
        out.Expect(0, n, sign * (255.0 - 2 * zero_point) * 127 * kIn);
      }
      LinearCall call;
      call.input = {row.data(), kPanelBytes, &scale};
      call.rows = 1;
      call.panels = NumPanels(kIn, DType::kI8);
      call.out = kOut;
      call.end_block = NumBlocks(kOut);
      call.linear.weight = weight.data();
      call.rows_out = out.floats();
      call.stride = out.stride();

      kernels().linear_int8(call);

      EXPECT_TRUE(out.HoldsWhatIsExpected());
    }
  }
}

}  // namespace
}  // namespace transformerd::kernels
