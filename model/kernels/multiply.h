// A tile of a matrix product: the one loop that all time is spent in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {

// Rows in panels.
struct PanelRows {
  const std::byte* data = nullptr;  // of the first row in the first panel
  int64_t stride = 0;               // bytes from a panel to the next
};

// Units of columns beside each other, as in a block of a packed weight.
struct UnitColumns {
  const std::byte* data = nullptr;
  int64_t stride = 0;  // bytes from a unit to the next
};

// c[rows][16 * vectors] (+)= a b^T over `panels` panels.
//
// Each sum takes its terms one by one in their order, whatever the shape of the
// tile: so a row's result does not depend on the rows beside it.
template <typename V, typename E, int kRows, int kVectors>
TRANSFORMERD_INLINE void MultiplyTile(const PanelRows& a, const UnitColumns& b,
                                      int64_t panels, bool accumulate, float* c,
                                      int64_t c_stride) {
  typename V::Floats sums[kRows][kVectors];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      sums[r][v] =
          accumulate ? V::Load(c + r * c_stride + v * kLanes) : V::Zero();
    }
  }
  const std::byte* a_panel = a.data;
  const std::byte* b_unit = b.data;
  for (int64_t p = 0; p < panels; ++p) {
#pragma GCC unroll 4
    for (int64_t u = 0; u < kUnitsPerPanel; ++u) {
      typename V::Floats columns[kVectors];
#pragma GCC unroll 3
      for (int v = 0; v < kVectors; ++v) {
        columns[v] = V::LoadUnits(b_unit + v * kLanes * kUnitBytes);
      }
#pragma GCC unroll 8
      for (int r = 0; r < kRows; ++r) {
        const auto unit =
            V::BroadcastUnit(a_panel + r * kPanelBytes + u * kUnitBytes);
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          sums[r][v] = E::template Dot<V>(unit, columns[v], sums[r][v]);
        }
      }
      b_unit += b.stride;
    }
    a_panel += a.stride;
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      V::Store(c + r * c_stride + v * kLanes, sums[r][v]);
    }
  }
}

template <typename V, typename E, int kVectors>
void MultiplyRows(const PanelRows& a, const UnitColumns& b, int64_t panels,
                  int rows, bool accumulate, float* c, int64_t c_stride) {
  const auto multiply = [&](auto tile_rows) {
    MultiplyTile<V, E, decltype(tile_rows)::value, kVectors>(
        a, b, panels, accumulate, c, c_stride);
  };
  switch (rows) {
    case 1:
      return multiply(Constant<1>());
    case 2:
      return multiply(Constant<2>());
    case 3:
      return multiply(Constant<3>());
    case 4:
      return multiply(Constant<4>());
    case 5:
      return multiply(Constant<5>());
    case 6:
      return multiply(Constant<6>());
    case 7:
      if constexpr (V::kMaxRows >= 7) return multiply(Constant<7>());
      break;
    case 8:
      if constexpr (V::kMaxRows >= 8) return multiply(Constant<8>());
      break;
  }
  __builtin_unreachable();
}

// The same for `rows` of at most V::kMaxRows and any multiple of 16 columns.
template <typename V, typename E>
TRANSFORMERD_INLINE void Multiply(const PanelRows& a, UnitColumns b,
                                  int64_t panels, int rows, int64_t columns,
                                  bool accumulate, float* c, int64_t c_stride) {
  constexpr int64_t kWidest = V::kMaxVectors * kLanes;
  while (columns > 0) {
    const int64_t width = columns < kWidest ? columns : kWidest;
    if constexpr (V::kMaxVectors >= 3) {
      if (width == 3 * kLanes) {
        MultiplyRows<V, E, 3>(a, b, panels, rows, accumulate, c, c_stride);
      } else if (width == 2 * kLanes) {
        MultiplyRows<V, E, 2>(a, b, panels, rows, accumulate, c, c_stride);
      } else {
        MultiplyRows<V, E, 1>(a, b, panels, rows, accumulate, c, c_stride);
      }
    } else {
      MultiplyRows<V, E, 1>(a, b, panels, rows, accumulate, c, c_stride);
    }
    b.data += width * kUnitBytes;
    c += width;
    columns -= width;
  }
}

}  // namespace transformerd::kernels
