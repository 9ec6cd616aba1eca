// What is done to the sums of a linear before they are stored: biases, gates,
// activations, and the way out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "model/kernels/elements.h"
#include "model/kernels/functions.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/panels.h"

namespace transformerd::kernels {

// Sums of some rows and of one block of columns.
struct SumsTile {
  int64_t first_row = 0;
  int rows = 0;
  int64_t first_column = 0;
  int64_t width = 0;       // a multiple of 16, at most 48
  float* sums = nullptr;   // [rows][48]
  float* gates = nullptr;  // the same, of calls with a gate
};

// Finishes one tile after the other, row by row. The vectors of a row, three at
// most, stay in registers from step to step, and what the call asks for is
// looked up once a step: when it is once a vector, a pass takes 4 % to 7 %
// longer.
//
// `In` is what was multiplied: E, or Int8.
template <typename V, typename E, typename In>
class Finisher {
 public:
  explicit Finisher(const LinearCall& call)
      : call_(call),
        linear_(OutputsOf(call, call.linear)),
        gate_(OutputsOf(call, call.gate)),
        way_out_(WayOutOf(call)) {}

  // Whether `sums` are those of a tile that is not finished.
  bool Holds(const float* sums) const {
    return tile_.rows > 0 && first_sums_ == sums;
  }

  // The last tile must be finished, and the sums stay until this one is.
  void Begin(const SumsTile& tile) {
    tile_ = tile;
    first_sums_ = tile.sums;
    columns_left_ = call_.out - tile.first_column;
    for (int64_t v = 0; v * kLanes < tile.width; ++v) {
      to_[v] = PlaceOf(tile.first_row, tile.first_column + v * kLanes);
    }
  }

  void FinishAll() { FinishRows(tile_.rows); }
  // Nothing where none is left.
  void FinishRow() { FinishRows(tile_.rows > 0 ? 1 : 0); }

 private:
  using Floats = typename V::Floats;
  static constexpr int kBlockVectors = kBlockColumns / kLanes;

  enum class WayOut { kPanels, kScattered, kRows, kAdded };

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

  static WayOut WayOutOf(const LinearCall& call) {
    if (call.panels_out != nullptr) {
      return call.map.columns == nullptr || call.map.by_lanes
                 ? WayOut::kPanels
                 : WayOut::kScattered;
    }
    return call.add_to_rows != nullptr ? WayOut::kAdded : WayOut::kRows;
  }

  // Of what goes to 16 neighbours.
  std::byte* PlaceOf(int64_t row, int64_t column) const {
    switch (way_out_) {
      case WayOut::kScattered:
        return nullptr;
      case WayOut::kPanels: {
        const int32_t* const columns = call_.map.columns;
        const int64_t to = columns == nullptr ? column : columns[column];
        return reinterpret_cast<std::byte*>(
            InPanels<E>(call_.panels_out, call_.stride, row, to));
      }
      case WayOut::kRows:
      case WayOut::kAdded:
        break;
    }
    float* const rows =
        way_out_ == WayOut::kAdded ? call_.add_to_rows : call_.rows_out;
    return reinterpret_cast<std::byte*>(rows + row * call_.stride + column);
  }

  // A function of its own in the samples of `run.sh --shares`.
  [[gnu::noinline]] void FinishRows(int count) {
    switch (tile_.width / kLanes) {
      case 1:
        return FinishRowsOf<1>(count);
      case 2:
        return FinishRowsOf<2>(count);
      default:
        return FinishRowsOf<kBlockVectors>(count);
    }
  }

  template <int kVectors>
  TRANSFORMERD_INLINE void FinishRowsOf(int count) {
    for (; count > 0; --count) {
      RowScale row;
      if constexpr (std::is_same_v<In, Int8>) {
        row = call_.input.scales[tile_.first_row];
      }
      Floats x[kVectors];
      LoadBiased<kVectors>(linear_, row, tile_.sums, x);
      if (call_.gate.weight == nullptr) {
        ActivateAll<V, E, kVectors>(call_.activation, x);
      } else {
        Floats gates[kVectors];
        LoadBiased<kVectors>(gate_, row, tile_.gates, gates);
        ActivateAll<V, E, kVectors>(call_.activation, gates);
        for (int v = 0; v < kVectors; ++v) x[v] = V::Mul(gates[v], x[v]);
      }
      if (call_.softcap > 0) {
        const Floats cap = V::Set(call_.softcap);
        const Floats inverse = V::Set(1 / call_.softcap);
        for (int v = 0; v < kVectors; ++v) {
          x[v] = V::Mul(Tanh<V>(V::Mul(x[v], inverse)), cap);
        }
      }
      StoreRow<kVectors>(x);
      ++tile_.first_row;
      --tile_.rows;
      tile_.sums += kBlockColumns;
      tile_.gates += kBlockColumns;
    }
  }

  // x W^T + b of a row.
  template <int kVectors>
  TRANSFORMERD_INLINE void LoadBiased(const Outputs& outputs,
                                      const RowScale& row, const float* sums,
                                      Floats* x) const {
    const int64_t column = tile_.first_column;
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      const int64_t c = v * kLanes;
      if constexpr (std::is_same_v<In, Int8>) {
        const Floats scale =
            V::Mul(V::Load(outputs.scales + column + c), V::Set(row.scale));
        x[v] =
            V::Mul(V::FloatsOfSums(sums + c, outputs.weight_sums + column + c,
                                   row.zero_point),
                   scale);
      } else {
        x[v] = V::Load(sums + c);
      }
    }
    if (outputs.bias == nullptr) return;
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      x[v] = V::Add(x[v], V::Load(outputs.bias + column + v * kLanes));
    }
  }

  template <int kVectors>
  TRANSFORMERD_INLINE void StoreRow(Floats* x) {
    switch (way_out_) {
      case WayOut::kPanels:
        // Some activations make more than zero of zero.
        if (columns_left_ < kVectors * kLanes) {
          const auto lanes =
              static_cast<int>(columns_left_ - (kVectors - 1) * kLanes);
          x[kVectors - 1] = V::First(lanes, x[kVectors - 1], V::Zero());
        }
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) {
          E::template Store<V>(reinterpret_cast<typename E::Stored*>(to_[v]),
                               x[v]);
          to_[v] += kPanelBytes;
        }
        return;
      case WayOut::kScattered:
#pragma GCC unroll 3
        for (int v = 0; v < kVectors; ++v) Scatter(v * kLanes, x[v]);
        return;
      case WayOut::kRows:
        return StoreInRow<kVectors, /*kAdds=*/false>(x);
      case WayOut::kAdded:
        return StoreInRow<kVectors, /*kAdds=*/true>(x);
    }
  }

  template <int kVectors, bool kAdds>
  TRANSFORMERD_INLINE void StoreInRow(const Floats* x) {
#pragma GCC unroll 3
    for (int v = 0; v < kVectors; ++v) {
      float* const to = reinterpret_cast<float*>(to_[v]);
      to_[v] += call_.stride * sizeof(float);
      if (columns_left_ < (v + 1) * kLanes) {
        StoreSome<kAdds>(to, x[v], columns_left_ - v * kLanes);
      } else {
        V::Store(to, kAdds ? V::Add(V::Load(to), x[v]) : x[v]);
      }
    }
  }

  // Of the vector that holds the last column.
  template <bool kAdds>
  [[gnu::noinline]] static void StoreSome(float* to, Floats x, int64_t count) {
    float lanes[kLanes];
    V::Store(lanes, x);
    for (int64_t i = 0; i < count; ++i) {
      to[i] = kAdds ? to[i] + lanes[i] : lanes[i];
    }
  }

  // Each of 16 columns to a place of its own.
  [[gnu::noinline]] void Scatter(int64_t column, Floats x) const {
    float lanes[kLanes];
    V::Store(lanes, x);
    const int32_t* const columns =
        call_.map.columns + tile_.first_column + column;
    for (int64_t i = 0; i < kLanes && column + i < columns_left_; ++i) {
      *InPanels<E>(call_.panels_out, call_.stride, tile_.first_row,
                   columns[i]) = E::Encode(lanes[i]);
    }
  }

  const LinearCall& call_;
  const Outputs linear_, gate_;
  const WayOut way_out_;
  SumsTile tile_;  // of which only these rows are left
  const float* first_sums_ = nullptr;
  int64_t columns_left_ = 0;  // of the call, from the tile's first one on
  // Where each vector of the next row goes.
  std::byte* to_[kBlockVectors] = {};
};

}  // namespace transformerd::kernels
