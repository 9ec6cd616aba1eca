// Memory that kernels read and write, and what is to be found there afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/dtype.h"
#include "model/kernels/multiply.h"
#include "tests/model/kernels/matrix.h"

namespace transformerd::kernels {

// Rows in panels of F32 or BF16, or of plain float32, as kernels.h has them.
// Cells are addressed by row and column; what lies around the rows can be
// reached too, as rows and columns below zero or beyond the last ones.
class RowMemory {
 public:
  // The rows of a matrix, zeros behind them and nothing around them.
  static RowMemory PanelsOf(DType dtype, const Matrix& rows);
  static RowMemory FloatsOf(const Matrix& rows);
  // NaNs, with more of them in front of the first row, behind the last one, and
  // beyond the columns.
  static RowMemory GuardedPanels(DType dtype, int64_t rows, int64_t columns);
  static RowMemory GuardedFloats(int64_t rows, int64_t columns);

  std::byte* panels(int64_t row = 0, int64_t column = 0) {
    return memory_.data() + OffsetOf(row, column);
  }
  float* floats(int64_t row = 0, int64_t column = 0) {
    return reinterpret_cast<float*>(panels(row, column));
  }
  PanelRows panel_rows(int64_t row = 0) { return {panels(row), stride()}; }
  // From panel to panel in bytes, or from row to row in floats.
  int64_t stride() const;

  void Set(int64_t row, int64_t column, double value);
  double Get(int64_t row, int64_t column) const;

  // What a cell is to hold: `value`, which the kernel may miss by `error`
  // before it rounds it to the dtype. All others are to stay as they are.
  void Expect(int64_t row, int64_t column, double value, double error = 0);
  ::testing::AssertionResult HoldsWhatIsExpected() const;

 private:
  RowMemory(DType dtype, bool in_panels, int64_t rows, int64_t columns,
            int64_t margin);
  static RowMemory Of(DType dtype, bool in_panels, const Matrix& rows);
  int64_t OffsetOf(int64_t row, int64_t column) const;
  int64_t IndexOf(int64_t row, int64_t column) const {
    return (row + margin_) * all_columns_ + column;
  }

  DType dtype_;
  bool in_panels_;
  int64_t margin_;       // rows in front and behind
  int64_t all_rows_;     // with both margins
  int64_t all_columns_;  // with those behind the last one
  std::vector<std::byte> memory_, before_;
  // Bounds of each cell; NaN where it is to stay as it is.
  std::vector<double> lowest_, highest_;
};

}  // namespace transformerd::kernels
