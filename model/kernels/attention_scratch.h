// The scratch of a call of attention.
#pragma once

#include <cstdint>

#include "model/kernels/elements.h"
#include "model/kernels/layout.h"

namespace transformerd::kernels {

inline constexpr int64_t kQueryBlock = 16;
inline constexpr int64_t kKeyBlock = 512;

// Where its parts begin.
struct AttentionScratch {
  TRANSFORMERD_INLINE AttentionScratch(int64_t queries, int64_t keys,
                                       int64_t head_panels,
                                       bool keeps_probabilities,
                                       bool has_distances)
      // Panels of probabilities are whole.
      : queries_padded(RoundUp(queries, kQueryBlock)),
        keys_padded(RoundUp(keys, 2 * kLanes)),
        block(keeps_probabilities || keys_padded < kKeyBlock ? keys_padded
                                                             : kKeyBlock) {
    const int64_t head_bytes = head_panels * kPanelBytes;
    value_offset = keys_padded * head_bytes;
    score_offset = value_offset + keys_padded * head_bytes;
    weight_offset = score_offset + kQueryBlock * block * kUnitBytes;
    context_offset = weight_offset + kQueryBlock * block * kUnitBytes;
    // bfloat16 have twice as many columns.
    value_sum_offset = context_offset + kQueryBlock * 2 * head_bytes;
    size_bytes = value_sum_offset + 2 * head_bytes;
    if (!has_distances) return;
    product_offset = size_bytes;
    distance_key_offset =
        product_offset + kQueryBlock * product_stride() * kUnitBytes;
    distance_query_offset =
        distance_key_offset + distance_columns() * head_bytes;
    size_bytes = distance_query_offset + distance_columns() * head_bytes;
  }

  // From each query to each key, and one more.
  TRANSFORMERD_INLINE int64_t distance_columns() const {
    return queries_padded + keys_padded;
  }
  // What 16 queries, or keys, have to do with a block of distances.
  TRANSFORMERD_INLINE int64_t product_stride() const { return block + kLanes; }

  int64_t queries_padded;
  int64_t keys_padded;
  int64_t block;  // keys of a block
  // Keys come first: for each 48 of them, their units one after the other.
  int64_t value_offset;      // units of keys, each with all columns of a head
  int64_t score_offset;      // floats [16][block]
  int64_t weight_offset;     // probabilities as panels of 16 rows
  int64_t context_offset;    // floats [16][columns of a head]
  int64_t value_sum_offset;  // floats [columns of a head]
  // Of vectors of distances: floats [16][product_stride()], and columns as keys
  // have them.
  int64_t product_offset = 0;
  int64_t distance_key_offset = 0, distance_query_offset = 0;
  int64_t size_bytes = 0;
};

}  // namespace transformerd::kernels
