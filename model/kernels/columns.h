// Rows as the columns of a product, in blocks of 48 as layout.h has them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

// What is multiplied by rows of as many panels.
struct BlockedColumns {
  std::byte* data = nullptr;
  int64_t columns = 0;  // a multiple of 16
  int64_t panels = 0;
};

// Writes columns [first, first + 16), from rows `stride` bytes apart: of each
// panel, body(panel) gives the first row. Columns behind `rows` are zeros.
template <typename V, typename RowsOfPanel>
TRANSFORMERD_INLINE void PackColumns(const BlockedColumns& to, int64_t first,
                                     int rows, const RowsOfPanel& body) {
  const int64_t block = first / kBlockColumns;
  const int64_t unit_bytes = BlockWidth(to.columns, block) * kUnitBytes;
  std::byte* const units = to.data + BlockOffset(block, to.panels) +
                           first % kBlockColumns * kUnitBytes;
  for (int64_t p = 0; p < to.panels; ++p) {
    V::Transpose(body(p), kPanelBytes, rows,
                 units + p * kUnitsPerPanel * unit_bytes, unit_bytes);
  }
}

// c[rows][count] = a b^T of the columns [first, first + count); both are
// multiples of 16. c has room for a multiple of 16 rows.
template <typename Multiplier>
TRANSFORMERD_INLINE void MultiplyColumns(Multiplier& multiplier,
                                         const PanelRows& a, int rows,
                                         const BlockedColumns& b, int64_t first,
                                         int64_t count, float* c,
                                         int64_t c_stride) {
  for (int64_t column = first; column < first + count;) {
    const int64_t block = column / kBlockColumns;
    const int64_t width = BlockWidth(b.columns, block);
    const int64_t skip = column - block * kBlockColumns;
    const int64_t left = first + count - column;
    const int64_t columns = width - skip < left ? width - skip : left;
    const UnitColumns units = {
        b.data + BlockOffset(block, b.panels) + skip * kUnitBytes,
        width * kUnitBytes};
    for (int r = 0; r < rows; r += Multiplier::kRows) {
      const int rows_left = rows - r;
      multiplier.Multiply(
          {a.data + r * kPanelBytes, a.stride}, units, b.panels,
          rows_left < Multiplier::kRows ? rows_left : Multiplier::kRows,
          columns, /*accumulate=*/false, c + r * c_stride + (column - first),
          c_stride);
    }
    column += columns;
  }
}

}  // namespace transformerd::kernels
