// Feed-forward networks of blocks.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/block_recipe.h"
#include "model/modules/modules.h"

namespace transformerd {

// [T, D] -> [T, D]: the block's network, or for each token the sum of its best
// experts, weighted by the router's probabilities of these (Jiang et al.,
// 2024). Of the input's dtype, but where the recipe wants a float32_residual of
// float16. Pure and thread-safe.
at::Tensor FeedForward(const Block& block, const BlockRecipe& recipe,
                       const at::Tensor& input_TD);

}  // namespace transformerd
