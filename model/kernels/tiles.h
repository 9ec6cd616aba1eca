// Products of bfloat16 and of int8 with a matrix unit: tiles of 16 rows of 64
// bytes.
#pragma once

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

// `Tiles` is the unit: eight tiles, which its functions name as template
// arguments.
//
// A product of 32 rows and 48 columns takes all eight: six of sums (0 to 2 of
// the first 16 rows, 3 to 5 of the second), one of rows (6) and one of weights
// (7), each of which is loaded twice, as a ninth tile would be needed to keep
// it. Rows are loaded with the hint that they are read once, so that they do
// not drive the weights out of the nearest cache.
//
// Tiles are always whole: of fewer rows, what lies behind the last one is read
// and multiplied as well, and its sums are stored to rows that nobody reads.
template <typename Tiles, typename E>
class TileMultiplier {
 public:
  static constexpr int kRows = 32;
  // 384 columns of bfloat16, 768 of int8: 36 KiB of weights a block, which the
  // nearest cache holds.
  static constexpr int64_t kChunkPanels = 12;

  TileMultiplier() { Tiles::Configure(); }
  TileMultiplier(const TileMultiplier&) = delete;
  TileMultiplier& operator=(const TileMultiplier&) = delete;
  ~TileMultiplier() { Tiles::Release(); }

  // As VectorMultiplier's. c has room for a multiple of 16 rows.
  template <typename Between = Nothing>
  TRANSFORMERD_INLINE void Multiply(const PanelRows& a, UnitColumns b,
                                    int64_t panels, int rows, int64_t columns,
                                    bool accumulate, float* c, int64_t c_stride,
                                    const Between& between = {}) {
    for (; columns > 0; columns -= kBlockColumns) {
      const auto run = [&](auto row_tiles, auto column_tiles) {
        MultiplyTiles<decltype(row_tiles)::value,
                      decltype(column_tiles)::value>(a, b, panels, accumulate,
                                                     c, c_stride, between);
      };
      const bool has_second = rows > 16;
      if (columns >= 3 * kLanes) {
        has_second ? run(Constant<2>(), Constant<3>())
                   : run(Constant<1>(), Constant<3>());
      } else if (columns == 2 * kLanes) {
        has_second ? run(Constant<2>(), Constant<2>())
                   : run(Constant<1>(), Constant<2>());
      } else {
        has_second ? run(Constant<2>(), Constant<1>())
                   : run(Constant<1>(), Constant<1>());
      }
      b.data += kBlockColumns * kUnitBytes;
      c += kBlockColumns;
    }
  }

 private:
  template <int kRowTiles, int kColumnTiles, typename Between>
  static TRANSFORMERD_INLINE void MultiplyTiles(const PanelRows& a,
                                                const UnitColumns& b,
                                                int64_t panels, bool accumulate,
                                                float* c, int64_t c_stride,
                                                const Between& between) {
    const int64_t c_bytes = c_stride * kUnitBytes;
    // All before the first product: one that follows its zeroing closely takes
    // three times as long.
    ForSums<kRowTiles, kColumnTiles>(c, c_stride, [&](auto tile, float* sums) {
      if (accumulate) {
        Tiles::template Load<decltype(tile)::value>(sums, c_bytes);
      } else {
        Tiles::template Zero<decltype(tile)::value>();
      }
    });
    const std::byte* a_panel = a.data;
    const std::byte* b_panel = b.data;
    for (int64_t p = 0; p < panels; ++p) {
      // A row of what `between` does hides behind two or three products.
      MultiplyRow<0, kColumnTiles>(a_panel, b_panel, b.stride);
      between();
      if constexpr (kRowTiles == 2) {
        MultiplyRow<1, kColumnTiles>(a_panel + 16 * kPanelBytes, b_panel,
                                     b.stride);
        between();
      }
      a_panel += a.stride;
      b_panel += kUnitsPerPanel * b.stride;
    }
    ForSums<kRowTiles, kColumnTiles>(c, c_stride, [&](auto tile, float* sums) {
      Tiles::template Store<decltype(tile)::value>(sums, c_bytes);
    });
  }

  template <int kRow, int kColumnTiles>
  static TRANSFORMERD_INLINE void MultiplyRow(const std::byte* a,
                                              const std::byte* b,
                                              int64_t b_stride) {
    Tiles::template LoadOnce<6>(a, kPanelBytes);
    Tiles::template Load<7>(b, b_stride);
    Tiles::template Dot<E, 3 * kRow, 6, 7>();
    if constexpr (kColumnTiles > 1) {
      Tiles::template Load<7>(b + kPanelBytes, b_stride);
      Tiles::template Dot<E, 3 * kRow + 1, 6, 7>();
    }
    if constexpr (kColumnTiles > 2) {
      Tiles::template Load<7>(b + 2 * kPanelBytes, b_stride);
      Tiles::template Dot<E, 3 * kRow + 2, 6, 7>();
    }
  }

  // Calls body(tile, sums) for each tile of sums and its place in c.
  template <int kRowTiles, int kColumnTiles, typename Body>
  static TRANSFORMERD_INLINE void ForSums(float* c, int64_t c_stride,
                                          const Body& body) {
    body(Constant<0>(), c);
    if constexpr (kColumnTiles > 1) body(Constant<1>(), c + kLanes);
    if constexpr (kColumnTiles > 2) body(Constant<2>(), c + 2 * kLanes);
    if constexpr (kRowTiles > 1) {
      float* const second = c + 16 * c_stride;
      body(Constant<3>(), second);
      if constexpr (kColumnTiles > 1) body(Constant<4>(), second + kLanes);
      if constexpr (kColumnTiles > 2) body(Constant<5>(), second + 2 * kLanes);
    }
  }
};

// Vectors of 16 floats beside a matrix unit for bfloat16 and int8.
template <typename Vectors, typename Tiles>
struct WithTiles : Vectors {};

template <typename Vectors, typename Tiles>
struct MultiplierOf<WithTiles<Vectors, Tiles>, BFloat16> {
  using Type = TileMultiplier<Tiles, BFloat16>;
};
template <typename Vectors, typename Tiles>
struct MultiplierOf<WithTiles<Vectors, Tiles>, Int8> {
  using Type = TileMultiplier<Tiles, Int8>;
};

}  // namespace transformerd::kernels
