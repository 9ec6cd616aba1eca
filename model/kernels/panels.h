// Where a column of rows in panels lies (see layout.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"

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

}  // namespace transformerd::kernels
