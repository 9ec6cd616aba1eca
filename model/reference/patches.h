// From images to the vectors that enter the first block.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/runtime/packing.h"

namespace transformerd {

// [tokens, hidden] from the batch's pixels: of each image the class token and
// the patches, with their positions added (Dosovitskiy et al., 2021). Pure and
// thread-safe.
at::Tensor EmbedPatches(const Embeddings& embeddings, const PatchRecipe& recipe,
                        const PackedBatch& batch);

}  // namespace transformerd
