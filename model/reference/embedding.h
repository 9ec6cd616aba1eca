// From ids or vectors of tokens to the vectors that enter the first block.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/runtime/packing.h"

namespace transformerd {

// [tokens, hidden] from the batch's ids, or the vectors in their place, its
// positions and token types. Pure and thread-safe.
at::Tensor Embed(const Embeddings& embeddings, const EmbeddingRecipe& recipe,
                 const PackedRows& batch);

}  // namespace transformerd
