// Linears: x W^T with all that is done to the result before it is stored.
#pragma once

#include <cstdint>

#include "model/kernels/finish.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

// One call. It goes block by block, so that a block of weights is read once and
// stays near while all rows pass by it.
//
// What is left to do to a tile's sums (biases, activations, the way out) is
// done row by row while the next tile is multiplied: with a matrix unit, which
// works beside the vector units, that hides most of it.
//
// `In` is what is multiplied: E, or Int8.
template <typename V, typename E, typename In>
class LinearRun {
 public:
  explicit LinearRun(const LinearCall& call) : call_(call), finisher_(call) {}

  void Run() {
    for (int64_t block = call_.first_block; block < call_.end_block; ++block) {
      for (int64_t row = 0; row < call_.rows; row += kRowsAtOnce) {
        const int64_t left = call_.rows - row;
        MultiplyBlock(block, row, left < kRowsAtOnce ? left : kRowsAtOnce);
      }
    }
    finisher_.FinishAll();
  }

 private:
  static constexpr int kTileRows = Multiplier<V, In>::kRows;
  static constexpr int64_t kChunkPanels = Multiplier<V, In>::kChunkPanels;
  // Their sums stay in the second cache where products are made in chunks.
  static constexpr int64_t kRowsAtOnce = 256;
  static constexpr int64_t kTiles =
      kChunkPanels == INT64_MAX ? 2 : kRowsAtOnce / kTileRows;
  static constexpr int64_t kTileFloats = kTileRows * kBlockColumns;

  void MultiplyBlock(int64_t block, int64_t first_row, int64_t rows) {
    const bool is_whole = call_.panels <= kChunkPanels;
    for (int64_t panel = 0; panel < call_.panels; panel += kChunkPanels) {
      const int64_t left = call_.panels - panel;
      const int64_t panels = left < kChunkPanels ? left : kChunkPanels;
      for (int64_t r = 0, i = 0; r < rows; r += kTileRows, ++i) {
        SumsTile tile;
        tile.first_row = first_row + r;
        tile.rows =
            rows - r < kTileRows ? static_cast<int>(rows - r) : kTileRows;
        tile.first_column = block * kBlockColumns;
        tile.width = BlockWidth(call_.out, block);
        // Two in turn do where no sums are taken up again.
        const int64_t slot = is_whole ? i % 2 : i;
        tile.sums = sums_ + slot * kTileFloats;
        tile.gates = gates_ + slot * kTileFloats;
        if (finisher_.Holds(tile.sums)) finisher_.FinishAll();
        MultiplyTile(tile, block, panel, panels);
        if (left > panels) continue;
        finisher_.FinishAll();
        finisher_.Begin(tile);
      }
    }
  }

  void MultiplyTile(const SumsTile& tile, int64_t block, int64_t panel,
                    int64_t panels) {
    const PanelRows input = {call_.input.data + panel * call_.input.stride +
                                 tile.first_row * kPanelBytes,
                             call_.input.stride};
    const int64_t unit_bytes = tile.width * kUnitBytes;
    const int64_t offset =
        BlockOffset(block, call_.panels) + panel * kUnitsPerPanel * unit_bytes;
    const bool is_last =
        tile.first_row + tile.rows == call_.rows && block + 1 < call_.end_block;
    const int64_t next = BlockOffset(block + 1, call_.panels);
    const auto multiply = [&](const PackedLinear& linear, float* to) {
      const UnitColumns columns = {linear.weight + offset, unit_bytes,
                                   is_last ? linear.weight + next : nullptr};
      multiplier_.Multiply(input, columns, panels, tile.rows, tile.width,
                           /*accumulate=*/panel > 0, to, kBlockColumns,
                           [this] { finisher_.FinishRow(); });
    };
    if (call_.gate.weight != nullptr) multiply(call_.gate, tile.gates);
    multiply(call_.linear, tile.sums);
  }

  const LinearCall& call_;
  Multiplier<V, In> multiplier_;
  Finisher<V, E, In> finisher_;
  alignas(64) float sums_[kTiles * kTileFloats];
  alignas(64) float gates_[kTiles * kTileFloats];
};

template <typename V, typename E, typename In>
void RunLinear(const LinearCall& call) {
  LinearRun<V, E, In>(call).Run();
}

}  // namespace transformerd::kernels
