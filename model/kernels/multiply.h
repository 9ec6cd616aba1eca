// A tile of a matrix product: the one loop that all time is spent in.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {

// Rows in panels.
struct PanelRows {
  const std::byte* data = nullptr;   // of the first row in the first panel
  int64_t stride = 0;                // bytes from a panel to the next
  const RowScale* scales = nullptr;  // of uint8: one a row
};

// Units of columns beside each other, as in a block of a packed weight.
struct UnitColumns {
  const std::byte* data = nullptr;
  int64_t stride = 0;  // bytes from a unit to the next
  // What will be multiplied after them, and need not be there yet; null: it is
  // not known. Matrix units leave it.
  const std::byte* next = nullptr;
};

// c[rows][16 * vectors] (+)= a b^T over `panels` panels.
//
// Each sum takes its terms one by one in their order, whatever the shape of the
// tile: so a row's result does not depend on the rows beside it.
//
// With each unit, a line of what comes next is fetched as far as the second
// cache, which is a third of a block of weights: without that, memory would be
// idle here, and the next tile would wait for it. That gains 1 % (BERT-base) to
// 7 % (LLaMA in float32) of a pass of 16 tokens, which are two tiles, and where
// two cores share the memory 2 % to 4 %.
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
  // Lines that are there already cost nothing to ask for.
  const std::byte* ahead = b.next != nullptr ? b.next : b.data;
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
      __builtin_prefetch(ahead, /*rw=*/0, /*locality=*/2);
      ahead += kPanelBytes;
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

// Does nothing between two steps of a product.
struct Nothing {
  void operator()() const {}
};

// Products of tiles in vector registers.
template <typename V, typename E>
class VectorMultiplier {
 public:
  // Of a tile.
  static constexpr int kRows = V::kMaxRows;
  // Panels that are multiplied at once; sums are stored and taken up again.
  static constexpr int64_t kChunkPanels = INT64_MAX;

  // c[rows][columns] (+)= a b^T, for at most kRows rows and any multiple of 16
  // columns. `between` may be called between its steps.
  template <typename Between = Nothing>
  TRANSFORMERD_INLINE void Multiply(const PanelRows& a, UnitColumns b,
                                    int64_t panels, int rows, int64_t columns,
                                    bool accumulate, float* c, int64_t c_stride,
                                    const Between& = {}) {
    constexpr int64_t kWidest = V::kMaxVectors * kLanes;
    for (; columns > 0; columns -= kWidest) {
      if (columns < 2 * kLanes || V::kMaxVectors == 1) {
        MultiplyRows<1>(a, b, panels, rows, accumulate, c, c_stride);
      } else if (columns < 3 * kLanes || V::kMaxVectors == 2) {
        MultiplyRows<(V::kMaxVectors < 2 ? 1 : 2)>(a, b, panels, rows,
                                                   accumulate, c, c_stride);
      } else {
        MultiplyRows<V::kMaxVectors>(a, b, panels, rows, accumulate, c,
                                     c_stride);
      }
      b.data += kWidest * kUnitBytes;
      c += kWidest;
    }
  }

 private:
  template <int kVectors>
  static void MultiplyRows(const PanelRows& a, const UnitColumns& b,
                           int64_t panels, int rows, bool accumulate, float* c,
                           int64_t c_stride) {
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
        if constexpr (kRows >= 7) return multiply(Constant<7>());
        break;
      case 8:
        if constexpr (kRows >= 8) return multiply(Constant<8>());
        break;
    }
    __builtin_unreachable();
  }
};

// How V multiplies elements of E.
template <typename V, typename E>
struct MultiplierOf {
  using Type = VectorMultiplier<V, E>;
};
template <typename V, typename E>
using Multiplier = typename MultiplierOf<V, E>::Type;

}  // namespace transformerd::kernels
