// Some sequences of a packed batch.
#pragma once

#include <algorithm>
#include <cstdint>

#include "model/runtime/packing.h"

namespace transformerd {

// Sequences [first, end) of a batch.
struct SequenceRange {
  int64_t first = 0, end = 0;

  int64_t size() const { return end - first; }
};

// Their tokens. Refers to the rows.
struct RowRange {
  RowRange(const PackedRows& all, const SequenceRange& sequences)
      : rows(&all),
        range(sequences),
        first_token(all.sequence_offsets[sequences.first]),
        num_tokens(all.sequence_offsets[sequences.end] - first_token) {
    for (int64_t s = range.first; s < range.end; ++s) {
      longest = std::max(longest, all.length(s));
    }
  }

  // Where the tokens of a sequence of the range begin among those of the range.
  int64_t first_row(int64_t sequence) const {
    return rows->sequence_offsets[sequence] - first_token;
  }
  // 0 where a token is masked; null where none is.
  const uint8_t* mask(int64_t sequence) const {
    return rows->sequence_has_mask[sequence]
               ? rows->attention_mask.data() + rows->sequence_offsets[sequence]
               : nullptr;
  }

  const PackedRows* rows = nullptr;
  SequenceRange range;
  int64_t first_token = 0;
  int64_t num_tokens = 0;
  int64_t longest = 0;
};

}  // namespace transformerd
