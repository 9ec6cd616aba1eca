// Attention of random numbers, run by kernels and compared with its twin.
#pragma once

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/twins.h"
#include "tests/model/kernels/variants.h"

namespace transformerd::kernels {

struct AttentionCase {
  int64_t queries = 1, keys = 1;
  int64_t head_size = 64;
  int64_t heads = 1;  // of queries
  int64_t before = -1, after = -1;
  double softcap = 0;
  bool key_mask = false;  // at random
  bool masked_see_all = false;
  bool distance_bias = false;
  // Vectors of distances for queries, for keys, and how many there are.
  bool distance_key = false, distance_query = false;
  int64_t num_distances = 9;
  // Scores are about so large.
  double score_size = 1;
};

AttentionInput MakeInput(const AttentionCase& attention, uint32_t seed);

// Where a call finds its rows, and what it gives.
struct AttentionPlace {
  // NaNs in front of the sequence and behind it.
  int64_t rows_around = 0;
  // Of the first head in the context.
  int64_t first_column = 0;
  bool keeps_probabilities = false;
};

struct AttentionResult {
  RowMemory context;
  RowMemory probabilities;  // one row of them all
};

AttentionResult RunAttention(const Variant& variant,
                             const AttentionInput& input,
                             const AttentionPlace& place);

// Whether the kernels give what the twin gives, and touch nothing else.
::testing::AssertionResult EqualsTwin(const Variant& variant,
                                      const AttentionInput& input,
                                      const AttentionPlace& place = {});

}  // namespace transformerd::kernels
