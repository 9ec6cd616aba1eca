// Self-attention over packed rows.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/modules.h"
#include "model/reference/attention_context.h"

namespace transformerd {

// Scaled dot-product attention of each row with itself (Vaswani et al., 2017)
// in layer `layer` of the context's stack, its output projection included:
// [T, D] -> [T, D]. Masked tokens are attended by nobody. Where `probabilities`
// is not null it receives the probabilities of all rows, [heads, n, n] each,
// flat, one row after the other.
at::Tensor Attend(const Attention& attention, int64_t layer,
                  AttentionContext& context, const at::Tensor& input_TD,
                  at::Tensor* probabilities);

}  // namespace transformerd
