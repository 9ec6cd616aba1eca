// Rows of a model's dtype as uint8, each with a scale of its own.
#pragma once

#include "model/kernels/elements.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {

// Calls body(from, to) for each 16 columns of a row of E and where their bytes
// go: a panel of uint8 takes in what kShare panels of E hold. Panel by panel,
// as to find the place of each vector takes longer than to convert it.
template <typename E, typename Body>
TRANSFORMERD_INLINE void ForVectors(const QuantizeCall& call, int64_t row,
                                    const Body& body) {
  constexpr int64_t kColumns = kUnitsPerPanel * E::kPerUnit;
  constexpr int64_t kShare = kPanelBytes / kColumns;
  std::byte* const first = call.data + row * kPanelBytes;
  for (int64_t p = 0; p * kColumns < call.columns; ++p) {
    const auto* const from =
        reinterpret_cast<const typename E::Stored*>(first + p * call.stride);
    auto* const to = reinterpret_cast<uint8_t*>(
        first + p / kShare * call.stride + p % kShare * kColumns);
#pragma GCC unroll 2
    for (int64_t i = 0; i < kColumns; i += kLanes) body(from + i, to + i);
  }
}

// The 256 steps of a row go from its lowest number, or zero, to its highest:
// behind an activation most numbers are of one sign, and steps as wide on both
// sides of zero would be twice as wide. Zero is a step itself, as most numbers
// lie near it.
template <typename V, typename E>
TRANSFORMERD_INLINE RowScale ScaleOfRow(const QuantizeCall& call, int64_t row) {
  auto highest = V::Zero();
  auto depth = V::Zero();  // how far the lowest lies below zero
  auto not_finite = V::Zero();
  ForVectors<E>(call, row, [&](const typename E::Stored* from, uint8_t*) {
    // Behind the last column there are zeros.
    const auto x = E::template Load<V>(from);
    highest = V::Max(highest, x);
    depth = V::Max(depth, V::Sub(V::Zero(), x));
    // Maxima do not keep a NaN; zero times it, or times infinity, is one.
    not_finite = V::Fma(x, V::Zero(), not_finite);
  });
  const float below = V::MaxOf(depth);
  RowScale scale;
  scale.scale = (V::MaxOf(highest) + below) / 255 + V::Sum(not_finite);
  if (scale.scale > 0) {
    scale.zero_point = static_cast<int32_t>(below / scale.scale + 0.5f);
  }
  return scale;
}

// In place: bytes go where numbers were read before.
template <typename V, typename E>
TRANSFORMERD_INLINE void QuantizeRow(const QuantizeCall& call, int64_t row,
                                     const RowScale& scale) {
  const auto factor = V::Set(scale.scale > 0 ? 1 / scale.scale : 0);
  const auto zero_point = V::Set(static_cast<float>(scale.zero_point));
  ForVectors<E>(call, row, [&](const typename E::Stored* from, uint8_t* to) {
    const auto x = E::template Load<V>(from);
    V::StoreBytes(to, V::Fma(x, factor, zero_point));
  });
  // Numbers of E that nobody writes to are to stay zeros.
  std::byte* const last =
      call.data + call.columns / kPanelBytes * call.stride + row * kPanelBytes;
  const int64_t used = call.columns % kPanelBytes;
  if (used > 0) __builtin_memset(last + used, 0, kPanelBytes - used);
}

template <typename V, typename E>
void RunQuantize(const QuantizeCall& call) {
  for (int64_t r = 0; r < call.rows; ++r) {
    call.scales[r] = ScaleOfRow<V, E>(call, r);
    QuantizeRow<V, E>(call, r, call.scales[r]);
  }
}

}  // namespace transformerd::kernels
