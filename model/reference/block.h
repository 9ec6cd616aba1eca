// One block of a stack.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/modules.h"
#include "model/reference/attention_context.h"

namespace transformerd {

// [T, D] -> [T, D]. Where `probabilities` is not null it receives the attention
// probabilities of all rows, as Attend gives them.
at::Tensor Apply(const Block& block, int64_t layer, AttentionContext& context,
                 const at::Tensor& input_TD, at::Tensor* probabilities);

}  // namespace transformerd
