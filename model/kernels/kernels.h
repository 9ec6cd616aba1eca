// What an engine can have computed, and how it says so.
//
// All functions are pure: they read and write what their call points to, use no
// other memory but the scratch that is given to them, and may run at once on
// different calls. A row's result does not depend on the rows beside it, bit
// for bit, nor on how calls cut the rows.
//
// "Panels" and packed weights are laid out as layout.h says, of the dtype of
// the kernels unless they are said to be of int8; "rows" are float32,
// row-major, and as wide as a multiple of 16 floats, zeros behind the last
// column. Vectors of parameters (biases, norms) are float32 and filled up with
// zeros in the same way. Strides of panels are in bytes, those of rows in
// floats.
#pragma once

#include <cstddef>
#include <cstdint>

#include "model/base/dtype.h"
#include "model/config/block_recipe.h"
#include "model/kernels/instruction_set.h"
#include "model/kernels/layout.h"
#include "model/kernels/multiply.h"

namespace transformerd::kernels {

// The weights of a linear, and where they lie.
struct PackedLinear {
  const std::byte* weight = nullptr;  // packed [out, in]
  const float* bias = nullptr;        // null: zeros
};

// Where the columns of panels go that are cut into heads.
struct ColumnMap {
  // Of column n; null: n.
  const int32_t* columns = nullptr;
  // Columns [16 i, 16 i + 16) go to 16 neighbours that begin at a multiple of
  // 16.
  bool by_lanes = true;
};

// activation(x W^T + b), for rows [0, rows) and the blocks [first_block,
// end_block) of outputs.
struct LinearCall {
  PanelRows input;
  int64_t rows = 0;
  int64_t panels = 0;  // of the input
  int64_t out = 0;     // columns of the result, of all blocks
  int64_t first_block = 0, end_block = 0;
  PackedLinear linear;
  Activation activation = Activation::kIdentity;
  // Not null: what comes out is activation(x G^T + g) * (x W^T + b).
  PackedLinear gate;
  // At the end softcap * tanh(y / softcap); 0: as it is.
  float softcap = 0;
  // One of these three; rows are written up to their last column.
  std::byte* panels_out = nullptr;  // see `stride`
  float* rows_out = nullptr;
  float* add_to_rows = nullptr;
  // Of what is written.
  int64_t stride = 0;
  ColumnMap map;  // of panels_out
};

// Rows in panels of the kernels' dtype become rows of uint8 in the first of the
// same panels. Each row has a scale of its own, which is NaN where a number of
// the row is not finite.
struct QuantizeCall {
  std::byte* data = nullptr;  // of the first row in the first panel
  int64_t stride = 0;         // bytes from a panel to the next
  int64_t rows = 0;
  int64_t columns = 0;
  RowScale* scales = nullptr;  // one a row
};

// norm(x) of each row, computed in float32.
struct NormCall {
  const float* input = nullptr;
  int64_t input_stride = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  NormKind kind = NormKind::kLayerNorm;
  float eps = 0;
  const float* weight = nullptr;  // null: ones
  const float* bias = nullptr;    // null: zeros
  // Any of these; rows_out may be the input.
  std::byte* panels_out = nullptr;
  int64_t panels_stride = 0;
  float* rows_out = nullptr;
  float* add_to_rows = nullptr;
  int64_t rows_stride = 0;  // of both
};

// Rows as panels: no norm.
struct PackCall {
  const float* input = nullptr;
  int64_t input_stride = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  float scale = 1;
  std::byte* panels_out = nullptr;
  int64_t stride = 0;
};

// scale * table[ids[r]] for each row.
struct EmbedCall {
  const std::byte* table = nullptr;  // row-major [..., columns]
  const int64_t* ids = nullptr;
  int64_t id_offset = 0;  // added to each id
  int64_t rows = 0;
  int64_t columns = 0;
  float scale = 1;
  bool accumulate = false;  // adds to what is there
  float* rows_out = nullptr;
  int64_t stride = 0;
};

// Heads of queries or keys, in place: normed, then rotated.
struct HeadsCall {
  std::byte* data = nullptr;  // of the first head
  int64_t stride = 0;         // bytes from a panel to the next
  int64_t rows = 0;
  int64_t heads = 0;
  int64_t head_panels = 0;
  int64_t head_size = 0;
  // Over each head; null: no norm.
  const float* norm_weight = nullptr;
  NormKind norm_kind = NormKind::kRmsNorm;
  float norm_eps = 0;
  // [..., pairs] each; columns i and i + pairs of a head are a pair. 0 pairs:
  // no rotation.
  const float* cosines = nullptr;
  const float* sines = nullptr;
  int64_t pairs = 0;
  // Which row of the two each row takes; null: its own.
  const int64_t* positions = nullptr;
};

// Scores by distance: those of query i and key j grow by the products of the
// query with row d of `key`, and of the key with row d of `query`, where d is
// rows[j - i + queries - 1].
struct DistanceVectors {
  // Panels of rows of the table, `head_panels` a head of queries; null: none.
  PanelRows key, query;
  const int32_t* rows = nullptr;  // [queries + keys - 1]

  bool is_any() const { return key.data != nullptr || query.data != nullptr; }
};

// One head of keys of one sequence, and the heads of queries that it serves.
struct AttentionCall {
  // Panels at the sequence's first row; `head_panels` a head.
  PanelRows query, key, value;
  int64_t queries = 0, keys = 0;
  int64_t query_heads = 1;
  int64_t head_panels = 0;
  int64_t head_size = 0;
  float scale = 1;
  // Scores become softcap * tanh(scores / softcap); 0: they stay.
  float softcap = 0;
  // Query i sees the keys i - before to i + after; -1: no limit.
  int64_t before = -1, after = -1;
  // 0 where nobody attends to a key; null: all ones.
  const uint8_t* key_mask = nullptr;
  // Whether queries of masked keys, which stand at the same places, weigh all
  // keys that they see alike, masked or not.
  bool masked_see_all = false;
  // Of each head [queries + keys - 1], added to the score of query i and key j
  // at j - i + queries - 1; null: zeros.
  const float* distance_bias = nullptr;
  int64_t distance_bias_stride = 0;  // from a head to the next
  // Added before scores are scaled.
  DistanceVectors distances;
  // Panels at the sequence's first row, and the column of the first head.
  std::byte* context = nullptr;
  int64_t context_stride = 0;
  int64_t context_column = 0;
  // Not null: receives [query_heads, queries, keys].
  float* probabilities = nullptr;
  // AttentionScratchBytes(...), aligned to 64.
  std::byte* scratch = nullptr;
};

// For calls of at most so many queries and keys, and of heads of so many
// panels.
int64_t AttentionScratchBytes(int64_t queries, int64_t keys,
                              int64_t head_panels, bool has_distances);

// The kernels of one instruction set and one dtype.
struct Kernels {
  void (*linear)(const LinearCall&) = nullptr;
  // The same of input and weights of int8.
  void (*linear_int8)(const LinearCall&) = nullptr;
  void (*quantize)(const QuantizeCall&) = nullptr;
  void (*norm)(const NormCall&) = nullptr;
  void (*pack)(const PackCall&) = nullptr;
  void (*embed)(const EmbedCall&) = nullptr;
  void (*prepare_heads)(const HeadsCall&) = nullptr;
  void (*attend)(const AttentionCall&) = nullptr;
};

// Those of a set that this processor has, for F32 or BF16 (CHECK). Valid for
// ever.
const Kernels& KernelsFor(InstructionSet instructions, DType dtype);

}  // namespace transformerd::kernels
