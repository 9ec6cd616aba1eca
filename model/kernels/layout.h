// How activations and weights lie in memory for the kernels.
//
// All kernels move units of 4 bytes: one float32, or two neighbouring bfloat16
// or four int8 of a row. Activations lie in panels, strips of 16 units (64
// bytes, a cache line) a row; all rows of a panel lie behind each other:
//
//             panel 0                    panel 1
//     row 0 | u0  u1  ...  u15 |       | u16 u17 ... u31 |
//     row 1 | u0  u1  ...  u15 |       | u16 u17 ... u31 |
//     ...
//
// so a multiplication walks along a row with the same distances whatever the
// width of the model, and rows of any number, from any row on, are a tile of
// the matrix units that newer processors have. Columns beyond the last one are
// zeros. Kernels may read up to kRowSlack rows behind the last one of a panel,
// whatever is in them.
//
// The weight of a linear, [out, in], is cut into blocks of 48 outputs. A block
// holds the inputs one unit after the other, and of each unit all its outputs:
//
//             output 0   1   2  ...  47
//     unit 0 |  w        w   w       w   |
//     unit 1 |  w        w   w       w   |
//     ...
//
// Inputs are filled up with zeros to whole panels, outputs to multiples of 16;
// the last block is as narrow as that allows. 48 is what both a register file
// of 32 vectors (8 rows x 3 vectors of sums, and 3 of weights) and one of 8
// tiles (2 x 3) make the most of.
//
// Weights of int8 have a scale for each output, and stand for q * scale. The
// rows that they are multiplied with are uint8 with a scale and a zero point
// for each row, and stand for (u - zero) * scale: processors multiply uint8 by
// int8. So that only whole numbers are added up,
//
//     sum of (u - zero) q  =  sum of u q  -  zero * (sum of q),
//
// the last of which is known when a weight is packed. Behind its blocks lie the
// scales of all outputs, float32, and behind these their sums of q, int32, both
// filled up with zeros to multiples of 16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/base/dtype.h"

namespace transformerd::kernels {

inline constexpr int64_t kUnitBytes = 4;
inline constexpr int64_t kUnitsPerPanel = 16;
inline constexpr int64_t kPanelBytes = kUnitBytes * kUnitsPerPanel;
// Floats of a vector.
inline constexpr int64_t kLanes = 16;
inline constexpr int64_t kBlockColumns = 48;
// Rows that tiles of 16 may read too many.
inline constexpr int64_t kRowSlack = 15;
// Widest head that can be normed or rotated.
inline constexpr int64_t kMaxHeadColumns = 1024;
// Most inputs of int8 whose sums int32 holds: of products of 255 and 127.
inline constexpr int64_t kMaxInt8Inputs = int64_t{1} << 16;

// How a row of uint8 is to be read: as (u - zero_point) * scale.
struct RowScale {
  float scale = 0;
  int32_t zero_point = 0;
};

constexpr int64_t RoundUp(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

// Elements of a row that a panel holds: 16 of F32, 32 of BF16, 64 of I8.
inline int64_t ColumnsPerPanel(DType dtype) {
  return kPanelBytes / BytesOf(dtype);
}

// Panels that hold rows of `columns` elements.
inline int64_t NumPanels(int64_t columns, DType dtype) {
  return RoundUp(columns, ColumnsPerPanel(dtype)) / ColumnsPerPanel(dtype);
}

inline int64_t NumBlocks(int64_t out) {
  return RoundUp(out, kBlockColumns) / kBlockColumns;
}

// Columns of a block, with the zeros behind the last output.
constexpr int64_t BlockWidth(int64_t out, int64_t block) {
  const int64_t left = RoundUp(out - block * kBlockColumns, kLanes);
  return left < kBlockColumns ? left : kBlockColumns;
}

// Bytes of the blocks of a packed weight.
constexpr int64_t BlocksBytes(int64_t out, int64_t panels) {
  return RoundUp(out, kLanes) * panels * kPanelBytes;
}

// Where in a packed weight of I8 the scales begin, and the sums.
constexpr int64_t ScalesOffset(int64_t out, int64_t panels) {
  return BlocksBytes(out, panels);
}
constexpr int64_t SumsOffset(int64_t out, int64_t panels) {
  return ScalesOffset(out, panels) + RoundUp(out, kLanes) * kUnitBytes;
}

// Bytes of a packed weight [out, in].
inline int64_t PackedBytes(int64_t out, int64_t in, DType dtype) {
  const int64_t panels = NumPanels(in, dtype);
  return dtype == DType::kI8
             ? SumsOffset(out, panels) + RoundUp(out, kLanes) * kUnitBytes
             : BlocksBytes(out, panels);
}

// Where in a packed weight a block begins.
constexpr int64_t BlockOffset(int64_t block, int64_t panels) {
  return block * kBlockColumns * panels * kPanelBytes;
}

}  // namespace transformerd::kernels
