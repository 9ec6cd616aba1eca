// The convolution behind a stack's first layer.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/disentangled_recipe.h"
#include "model/modules/modules.h"
#include "model/reference/attention_context.h"

namespace transformerd {

// norm(output + activation(convolution(input))), each row by itself: [T, D] and
// [T, D] -> [T, D]. What stands outside a row, or is masked, counts as zeros
// and becomes zeros. `context` is of their batch. Pure.
at::Tensor Convolve(const Convolution& convolution,
                    const ConvolutionRecipe& recipe,
                    const AttentionContext& context, const at::Tensor& input_TD,
                    const at::Tensor& output_TD);

}  // namespace transformerd
