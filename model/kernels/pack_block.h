// One block of a packed weight (see layout.h).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "model/kernels/layout.h"

namespace transformerd::kernels {

// The outputs of block `block`.
inline int64_t ColumnsOf(int64_t out, int64_t block) {
  return std::min(kBlockColumns, out - block * kBlockColumns);
}

// Packs one block of `columns` outputs. `from` is the first of them; steps are
// in elements, of 2 or 4 bytes; four int8 are one of 4.
template <typename T>
void PackBlock(const T* from, int64_t out_step, int64_t in_step,
               int64_t columns, int64_t in, std::byte* packed) {
  constexpr int64_t kPerUnit = kUnitBytes / sizeof(T);
  const int64_t width = RoundUp(columns, kLanes);
  const int64_t units = RoundUp(in, kPerUnit * kUnitsPerPanel) / kPerUnit;
  T* const to = reinterpret_cast<T*>(packed);
  // A few units of all columns at a time, so that what is written stays near
  // until its lines are full.
  for (int64_t first = 0; first < units; first += kUnitsPerPanel) {
    for (int64_t column = 0; column < width; ++column) {
      for (int64_t u = first; u < first + kUnitsPerPanel; ++u) {
        for (int64_t i = 0; i < kPerUnit; ++i) {
          const int64_t k = u * kPerUnit + i;
          const bool is_there = column < columns && k < in;
          to[(u * width + column) * kPerUnit + i] =
              is_there ? from[column * out_step + k * in_step] : T();
        }
      }
    }
  }
}

}  // namespace transformerd::kernels
