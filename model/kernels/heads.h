// Queries and keys on their way from the linear into attention.
#pragma once

#include <math.h>

#include "model/kernels/elements.h"
#include "model/kernels/kernels.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {

TRANSFORMERD_INLINE void NormHead(const HeadsCall& call, float* head) {
  float sum = 0;
  for (int64_t i = 0; i < call.head_size; ++i) sum += head[i] * head[i];
  const float factor =
      1 / sqrtf(sum / static_cast<float>(call.head_size) + call.norm_eps);
  const float plus = call.norm_kind == NormKind::kRmsNormPlusOne ? 1 : 0;
  for (int64_t i = 0; i < call.head_size; ++i) {
    head[i] *= factor * (call.norm_weight[i] + plus);
  }
}

TRANSFORMERD_INLINE void RotateHead(const HeadsCall& call, int64_t row,
                                    float* head) {
  const int64_t at = call.positions != nullptr ? call.positions[row] : row;
  const float* const cosines = call.cosines + at * call.pairs;
  const float* const sines = call.sines + at * call.pairs;
  float* const second = head + call.pairs;
  for (int64_t i = 0; i < call.pairs; ++i) {
    const float a = head[i], b = second[i];
    head[i] = a * cosines[i] - b * sines[i];
    second[i] = b * cosines[i] + a * sines[i];
  }
}

// A head is unpacked to floats, as pairs stand half a head apart, which may be
// in the middle of a vector.
template <typename V, typename E>
void RunPrepareHeads(const HeadsCall& call) {
  using Stored = typename E::Stored;
  constexpr int64_t kColumns = kUnitsPerPanel * E::kPerUnit;
  alignas(64) float head[kMaxHeadColumns];
  for (int64_t h = 0; h < call.heads; ++h) {
    for (int64_t r = 0; r < call.rows; ++r) {
      std::byte* const line =
          call.data + h * call.head_panels * call.stride + r * kPanelBytes;
      const auto at = [&](int64_t column) {
        return reinterpret_cast<Stored*>(line +
                                         column / kColumns * call.stride) +
               column % kColumns;
      };
      const int64_t columns = call.head_panels * kColumns;
      for (int64_t c = 0; c < columns; c += kLanes) {
        V::Store(head + c, E::template Load<V>(at(c)));
      }
      if (call.norm_weight != nullptr) NormHead(call, head);
      if (call.pairs > 0) RotateHead(call, r, head);
      for (int64_t c = 0; c < columns; c += kLanes) {
        E::template Store<V>(at(c), V::Load(head + c));
      }
    }
  }
}

}  // namespace transformerd::kernels
