// Linears: x W^T with all that is done to the result before it is stored.
#pragma once

#include <type_traits>

#include "model/kernels/functions.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

// Where column `column` of a row lies in panels of E.
template <typename E>
TRANSFORMERD_INLINE typename E::Stored* InPanels(std::byte* panels,
                                                 int64_t stride, int64_t row,
                                                 int64_t column) {
  constexpr int64_t kColumns = kUnitsPerPanel * E::kPerUnit;
  return reinterpret_cast<typename E::Stored*>(
             panels + column / kColumns * stride + row * kPanelBytes) +
         column % kColumns;
}

template <typename V>
TRANSFORMERD_INLINE void StoreInRow(const LinearCall& call, int64_t row,
                                    int64_t column, typename V::Floats x) {
  const bool adds = call.add_to_rows != nullptr;
  float* const to =
      (adds ? call.add_to_rows : call.rows_out) + row * call.stride + column;
  const int64_t left = call.out - column;
  if (left >= kLanes) {
    V::Store(to, adds ? V::Add(V::Load(to), x) : x);
    return;
  }
  float lanes[kLanes];
  V::Store(lanes, x);
  for (int64_t i = 0; i < left; ++i) to[i] = adds ? to[i] + lanes[i] : lanes[i];
}

template <typename V, typename E>
TRANSFORMERD_INLINE void StoreInPanels(const LinearCall& call, int64_t row,
                                       int64_t column, typename V::Floats x) {
  const int32_t* const columns = call.map.columns;
  const int64_t left = call.out - column;
  if (columns == nullptr || call.map.by_lanes) {
    // Some activations make more than zero of zero.
    if (left < kLanes) x = V::First(static_cast<int>(left), x, V::Zero());
    const int64_t to = columns == nullptr ? column : columns[column];
    E::template Store<V>(InPanels<E>(call.panels_out, call.stride, row, to), x);
    return;
  }
  float lanes[kLanes];
  V::Store(lanes, x);
  for (int64_t i = 0; i < kLanes && i < left; ++i) {
    *InPanels<E>(call.panels_out, call.stride, row, columns[column + i]) =
        E::Encode(lanes[i]);
  }
}

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
  explicit LinearRun(const LinearCall& call)
      : call_(call),
        linear_(OutputsOf(call, call.linear)),
        gate_(OutputsOf(call, call.gate)) {}

  void Run() {
    for (int64_t block = call_.first_block; block < call_.end_block; ++block) {
      for (int64_t row = 0; row < call_.rows; row += kRowsAtOnce) {
        const int64_t left = call_.rows - row;
        MultiplyBlock(block, row, left < kRowsAtOnce ? left : kRowsAtOnce);
      }
    }
    FinishPending();
  }

 private:
  static constexpr int kTileRows = Multiplier<V, In>::kRows;
  static constexpr int64_t kChunkPanels = Multiplier<V, In>::kChunkPanels;
  // Their sums stay in the second cache where products are made in chunks.
  static constexpr int64_t kRowsAtOnce = 256;
  static constexpr int64_t kTiles =
      kChunkPanels == INT64_MAX ? 2 : kRowsAtOnce / kTileRows;
  static constexpr int64_t kTileFloats = kTileRows * kBlockColumns;

  // What is kept of each output of a linear, besides its weights.
  struct Outputs {
    const float* bias = nullptr;
    // Of int8.
    const float* scales = nullptr;
    const int32_t* weight_sums = nullptr;
  };

  static Outputs OutputsOf(const LinearCall& call, const PackedLinear& linear) {
    Outputs outputs;
    if (linear.weight == nullptr) return outputs;
    outputs.bias = linear.bias;
    if constexpr (std::is_same_v<In, Int8>) {
      outputs.scales = reinterpret_cast<const float*>(
          linear.weight + ScalesOffset(call.out, call.panels));
      outputs.weight_sums = reinterpret_cast<const int32_t*>(
          linear.weight + SumsOffset(call.out, call.panels));
    }
    return outputs;
  }

  struct Tile {
    int64_t first_row = 0;
    int rows = 0;
    int64_t first_column = 0;
    int64_t width = 0;
    float* sums = nullptr;
    float* gates = nullptr;
    const float* buffer = nullptr;  // where the sums of all its rows begin
  };

  void MultiplyBlock(int64_t block, int64_t first_row, int64_t rows) {
    const bool is_whole = call_.panels <= kChunkPanels;
    for (int64_t panel = 0; panel < call_.panels; panel += kChunkPanels) {
      const int64_t left = call_.panels - panel;
      const int64_t panels = left < kChunkPanels ? left : kChunkPanels;
      for (int64_t r = 0, i = 0; r < rows; r += kTileRows, ++i) {
        Tile tile;
        tile.first_row = first_row + r;
        tile.rows =
            rows - r < kTileRows ? static_cast<int>(rows - r) : kTileRows;
        tile.first_column = block * kBlockColumns;
        tile.width = BlockWidth(call_.out, block);
        // Two in turn do where no sums are taken up again.
        const int64_t slot = is_whole ? i % 2 : i;
        tile.sums = sums_ + slot * kTileFloats;
        tile.gates = gates_ + slot * kTileFloats;
        tile.buffer = tile.sums;
        if (pending_.buffer == tile.sums) FinishPending();
        MultiplyTile(tile, block, panel, panels);
        if (left > panels) continue;
        FinishPending();
        pending_ = tile;
      }
    }
  }

  void MultiplyTile(const Tile& tile, int64_t block, int64_t panel,
                    int64_t panels) {
    const PanelRows input = {call_.input.data + panel * call_.input.stride +
                                 tile.first_row * kPanelBytes,
                             call_.input.stride};
    const int64_t unit_bytes = tile.width * kUnitBytes;
    const int64_t offset =
        BlockOffset(block, call_.panels) + panel * kUnitsPerPanel * unit_bytes;
    const auto multiply = [&](const PackedLinear& linear, float* to) {
      multiplier_.Multiply(input, {linear.weight + offset, unit_bytes}, panels,
                           tile.rows, tile.width, /*accumulate=*/panel > 0, to,
                           kBlockColumns, [this] { FinishPendingRow(); });
    };
    if (call_.gate.weight != nullptr) multiply(call_.gate, tile.gates);
    multiply(call_.linear, tile.sums);
  }

  void FinishPending() {
    while (pending_.rows > 0) FinishPendingRow();
  }

  // The first row of what is pending.
  void FinishPendingRow() {
    if (pending_.rows == 0) return;
    RowScale row;
    if constexpr (std::is_same_v<In, Int8>) {
      row = call_.input.scales[pending_.first_row];
    }
    for (int64_t c = 0; c < pending_.width; c += kLanes) {
      const int64_t column = pending_.first_column + c;
      auto x = Biased(linear_, row, pending_.sums + c, column);
      if (call_.gate.weight == nullptr) {
        x = Activate<V, E>(call_.activation, x);
      } else {
        const auto gate = Biased(gate_, row, pending_.gates + c, column);
        x = V::Mul(Activate<V, E>(call_.activation, gate), x);
      }
      if (call_.softcap > 0) {
        x = V::Mul(Tanh<V>(V::Mul(x, V::Set(1 / call_.softcap))),
                   V::Set(call_.softcap));
      }
      if (call_.panels_out != nullptr) {
        StoreInPanels<V, E>(call_, pending_.first_row, column, x);
      } else {
        StoreInRow<V>(call_, pending_.first_row, column, x);
      }
    }
    ++pending_.first_row;
    --pending_.rows;
    pending_.sums += kBlockColumns;
    pending_.gates += kBlockColumns;
  }

  // x W^T + b of a row and the 16 columns from `column` on.
  static TRANSFORMERD_INLINE typename V::Floats Biased(const Outputs& outputs,
                                                       const RowScale& row,
                                                       const float* sums,
                                                       int64_t column) {
    typename V::Floats x;
    if constexpr (std::is_same_v<In, Int8>) {
      const auto scale =
          V::Mul(V::Load(outputs.scales + column), V::Set(row.scale));
      x = V::Mul(
          V::FloatsOfSums(sums, outputs.weight_sums + column, row.zero_point),
          scale);
    } else {
      x = V::Load(sums);
    }
    if (outputs.bias != nullptr) x = V::Add(x, V::Load(outputs.bias + column));
    return x;
  }

  const LinearCall& call_;
  const Outputs linear_, gate_;
  Multiplier<V, In> multiplier_;
  Tile pending_;  // of which only these rows are left
  alignas(64) float sums_[kTiles * kTileFloats];
  alignas(64) float gates_[kTiles * kTileFloats];
};

template <typename V, typename E, typename In>
void RunLinear(const LinearCall& call) {
  LinearRun<V, E, In>(call).Run();
}

}  // namespace transformerd::kernels
