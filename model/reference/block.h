// One block of a stack.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/modules.h"
#include "model/reference/attention_context.h"
#include "model/reference/cross_attention.h"

namespace transformerd {

// What a decoder's block looks at besides its own rows.
struct CrossInput {
  const CrossContext& context;
  const CrossMemory& memory;
  at::Tensor* probabilities;  // of AttendAcross; may be null
};

// [T, D] -> [T, D]. Where `probabilities` is not null it receives the attention
// probabilities of all rows, as Attend gives them. A block with cross attention
// must have a `cross`.
at::Tensor Apply(const Block& block, int64_t layer, AttentionContext& context,
                 const at::Tensor& input_TD, at::Tensor* probabilities,
                 const CrossInput* cross = nullptr);

}  // namespace transformerd
