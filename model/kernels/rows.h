// What is done to each row by itself: norms, conversion, embeddings.
#pragma once

#include <math.h>

#include "model/kernels/elements.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/panels.h"

namespace transformerd::kernels {

// Lanes of the vector at `column` that lie before the last column.
TRANSFORMERD_INLINE int LanesLeft(int64_t columns, int64_t column) {
  const int64_t left = columns - column;
  return left < kLanes ? static_cast<int>(left) : kLanes;
}

template <typename V>
TRANSFORMERD_INLINE float SumOfRow(const float* row, int64_t columns) {
  auto sum = V::Zero();
  for (int64_t c = 0; c < columns; c += kLanes) {
    sum = V::Add(sum, V::Load(row + c));
  }
  return V::Sum(sum);
}

// Of (x - mean)^2 over the columns.
template <typename V>
TRANSFORMERD_INLINE float SumOfSquares(const float* row, int64_t columns,
                                       float mean) {
  const auto center = V::Set(mean);
  auto sum = V::Zero();
  int64_t c = 0;
  for (; c + kLanes <= columns; c += kLanes) {
    const auto x = V::Sub(V::Load(row + c), center);
    sum = V::Fma(x, x, sum);
  }
  if (c < columns) {
    const auto x = V::First(LanesLeft(columns, c),
                            V::Sub(V::Load(row + c), center), V::Zero());
    sum = V::Fma(x, x, sum);
  }
  return V::Sum(sum);
}

// Two passes over a row that lies in the nearest cache: the variance of numbers
// far from zero is exact.
template <typename V, typename E>
void RunNorm(const NormCall& call) {
  const float size = static_cast<float>(call.columns);
  const float plus = call.kind == NormKind::kRmsNormPlusOne ? 1 : 0;
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* const row = call.input + r * call.input_stride;
    const float mean = call.kind == NormKind::kLayerNorm
                           ? SumOfRow<V>(row, call.columns) / size
                           : 0;
    const float variance = SumOfSquares<V>(row, call.columns, mean) / size;
    const auto center = V::Set(mean);
    const auto factor = V::Set(1 / sqrtf(variance + call.eps));
    for (int64_t c = 0; c < call.columns; c += kLanes) {
      auto x = V::Mul(V::Sub(V::Load(row + c), center), factor);
      if (call.weight != nullptr) {
        x = V::Mul(x, V::Add(V::Load(call.weight + c), V::Set(plus)));
      }
      if (call.bias != nullptr) x = V::Add(x, V::Load(call.bias + c));
      if (c + kLanes > call.columns) {
        x = V::First(LanesLeft(call.columns, c), x, V::Zero());
      }
      if (call.panels_out != nullptr) {
        E::template Store<V>(
            InPanels<E>(call.panels_out, call.panels_stride, r, c), x);
      }
      if (call.rows_out != nullptr) {
        V::Store(call.rows_out + r * call.rows_stride + c, x);
      }
      if (call.add_to_rows != nullptr) {
        float* const to = call.add_to_rows + r * call.rows_stride + c;
        V::Store(to, V::Add(V::Load(to), x));
      }
    }
  }
}

template <typename V, typename E>
void RunPack(const PackCall& call) {
  const auto scale = V::Set(call.scale);
  for (int64_t r = 0; r < call.rows; ++r) {
    const float* const row = call.input + r * call.input_stride;
    for (int64_t c = 0; c < call.columns; c += kLanes) {
      E::template Store<V>(InPanels<E>(call.panels_out, call.stride, r, c),
                           V::Mul(V::Load(row + c), scale));
    }
  }
}

template <typename V, typename E>
void RunEmbed(const EmbedCall& call) {
  using Stored = typename E::Stored;
  const auto scale = V::Set(call.scale);
  for (int64_t r = 0; r < call.rows; ++r) {
    const Stored* const from = reinterpret_cast<const Stored*>(call.table) +
                               (call.ids[r] + call.id_offset) * call.columns;
    float* const to = call.rows_out + r * call.stride;
    int64_t c = 0;
    for (; c + kLanes <= call.columns; c += kLanes) {
      auto x = V::Mul(E::template Load<V>(from + c), scale);
      if (call.accumulate) x = V::Add(x, V::Load(to + c));
      V::Store(to + c, x);
    }
    for (; c < call.columns; ++c) {
      const float x = E::Decode(from[c]) * call.scale;
      to[c] = call.accumulate ? to[c] + x : x;
    }
  }
}

}  // namespace transformerd::kernels
