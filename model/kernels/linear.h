// Linears: x W^T with all that is done to the result before it is stored.
#pragma once

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

// What is left to do to a tile of sums. `gates` has the same shape, or is null.
template <typename V, typename E>
TRANSFORMERD_INLINE void Finish(const LinearCall& call, int64_t first_row,
                                int rows, int64_t first_column, int64_t width,
                                const float* sums, const float* gates) {
  for (int64_t c = 0; c < width; c += kLanes) {
    const int64_t column = first_column + c;
    const auto bias = call.linear.bias != nullptr
                          ? V::Load(call.linear.bias + column)
                          : V::Zero();
    const auto gate_bias = call.gate.bias != nullptr
                               ? V::Load(call.gate.bias + column)
                               : V::Zero();
    for (int r = 0; r < rows; ++r) {
      auto x = V::Add(V::Load(sums + r * kBlockColumns + c), bias);
      if (gates == nullptr) {
        x = Activate<V, E>(call.activation, x);
      } else {
        const auto gate =
            V::Add(V::Load(gates + r * kBlockColumns + c), gate_bias);
        x = V::Mul(Activate<V, E>(call.activation, gate), x);
      }
      if (call.softcap > 0) {
        x = V::Mul(Tanh<V>(V::Mul(x, V::Set(1 / call.softcap))),
                   V::Set(call.softcap));
      }
      if (call.panels_out != nullptr) {
        StoreInPanels<V, E>(call, first_row + r, column, x);
      } else {
        StoreInRow<V>(call, first_row + r, column, x);
      }
    }
  }
}

// Block by block, so that a block of weights is read once and stays near while
// all rows pass by it.
template <typename V, typename E>
void RunLinear(const LinearCall& call) {
  alignas(64) float sums[V::kMaxRows * kBlockColumns];
  alignas(64) float gates[V::kMaxRows * kBlockColumns];
  const bool is_gated = call.gate.weight != nullptr;
  for (int64_t block = call.first_block; block < call.end_block; ++block) {
    const int64_t width = BlockWidth(call.out, block);
    const int64_t offset = BlockOffset(block, call.panels);
    const auto multiply = [&](const PackedLinear& linear, int64_t row, int rows,
                              float* tile) {
      const PanelRows input = {call.input.data + row * kPanelBytes,
                               call.input.stride};
      Multiply<V, E>(input, {linear.weight + offset, width * kUnitBytes},
                     call.panels, rows, width, /*accumulate=*/false, tile,
                     kBlockColumns);
    };
    for (int64_t row = 0; row < call.rows; row += V::kMaxRows) {
      const int64_t left = call.rows - row;
      const int rows =
          left < V::kMaxRows ? static_cast<int>(left) : V::kMaxRows;
      multiply(call.linear, row, rows, sums);
      if (is_gated) multiply(call.gate, row, rows, gates);
      Finish<V, E>(call, row, rows, block * kBlockColumns, width, sums,
                   is_gated ? gates : nullptr);
    }
  }
}

}  // namespace transformerd::kernels
