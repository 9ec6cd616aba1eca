// Rows of a model's dtype as uint8, each with a scale of its own.
#pragma once

#include "model/kernels/elements.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"
#include "model/kernels/linear.h"
#include "model/kernels/rows.h"

namespace transformerd::kernels {

// The 256 steps of a row go from its lowest number, or zero, to its highest:
// behind an activation most numbers are of one sign, and steps that are the
// same on both sides of zero would be twice as wide. Zero is a step itself, as
// most numbers lie near it.
template <typename V, typename E>
TRANSFORMERD_INLINE RowScale ScaleOfRow(const QuantizeCall& call, int64_t row) {
  auto highest = V::Zero();
  auto depth = V::Zero();  // how far the lowest lies below zero
  auto not_finite = V::Zero();
  for (int64_t c = 0; c < call.columns; c += kLanes) {
    // Behind the last column there are zeros.
    const auto x =
        E::template Load<V>(InPanels<E>(call.data, call.stride, row, c));
    highest = V::Max(highest, x);
    depth = V::Max(depth, V::Sub(V::Zero(), x));
    // Maxima do not keep a NaN; zero times it, or times infinity, is one.
    not_finite = V::Fma(x, V::Zero(), not_finite);
  }
  const float below = V::MaxOf(depth);
  RowScale scale;
  scale.scale = (V::MaxOf(highest) + below) / 255 + V::Sum(not_finite);
  if (scale.scale > 0) {
    scale.zero_point = static_cast<int32_t>(below / scale.scale + 0.5f);
  }
  return scale;
}

// In place: a panel of uint8 takes the place of one that was read before, as
// uint8 are at most half as long.
template <typename V, typename E>
TRANSFORMERD_INLINE void QuantizeRow(const QuantizeCall& call, int64_t row,
                                     const RowScale& scale) {
  constexpr int64_t kColumns = kPanelBytes;  // of a panel of uint8
  const auto factor = V::Set(scale.scale > 0 ? 1 / scale.scale : 0);
  const auto zero_point = V::Set(static_cast<float>(scale.zero_point));
  const int64_t end = RoundUp(call.columns, kColumns);
  for (int64_t c = 0; c < end; c += kLanes) {
    auto u = V::Zero();
    if (c < call.columns) {
      const auto x =
          E::template Load<V>(InPanels<E>(call.data, call.stride, row, c));
      u = V::Min(V::Set(255), V::Max(V::Zero(), V::Fma(x, factor, zero_point)));
      u = V::First(LanesLeft(call.columns, c), u, V::Zero());
    }
    std::byte* const panel = call.data + c / kColumns * call.stride;
    V::StoreBytes(
        reinterpret_cast<uint8_t*>(panel + row * kPanelBytes) + c % kColumns,
        u);
  }
}

template <typename V, typename E>
void RunQuantize(const QuantizeCall& call) {
  for (int64_t r = 0; r < call.rows; ++r) {
    call.scales[r] = ScaleOfRow<V, E>(call, r);
    QuantizeRow<V, E>(call, r, call.scales[r]);
  }
}

}  // namespace transformerd::kernels
