// From ids or vectors of tokens to the vectors that enter the first block.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Which rows of the tables the tokens take, [T] each, and the vectors of tokens
// that have no id. Undefined where the model has no such table, or no token
// came as a vector.
struct TableRows {
  at::Tensor token;  // row 0 for tokens without an id
  at::Tensor token_type;
  at::Tensor position;
  at::Tensor without_id;  // these tokens
  at::Tensor vectors;     // and theirs, float32
};

// Pure and thread-safe, as all that is here. On the host; the vectors stay
// those of the batch.
TableRows FindTableRows(const Embeddings& embeddings,
                        const EmbeddingRecipe& recipe, const PackedRows& batch);

// [tokens, hidden] from `rows`, which are the batch's and where the tables are.
at::Tensor Embed(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                 const PackedRows& batch, const TableRows& rows);

}  // namespace transformerd
