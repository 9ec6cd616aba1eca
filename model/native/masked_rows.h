// Rows of tokens that nobody attends to.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/native/buffer.h"
#include "model/native/row_ops.h"
#include "model/native/row_range.h"

namespace transformerd {

// Makes zeros of those among a block of the range's rows.
inline void ClearMasked(const RowRange& range, const RowBlock& block,
                        int64_t columns, const RowBuffer& rows) {
  const uint8_t* const mask =
      range.rows->attention_mask.data() + range.first_token;
  for (int64_t r = block.first; r < block.first + block.count; ++r) {
    if (mask[r] == 0) std::fill_n(rows.row(r), columns, 0.0f);
  }
}

}  // namespace transformerd
