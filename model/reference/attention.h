// Self-attention over packed rows.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/transformer.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Scaled dot-product attention of each row with itself (Vaswani et al., 2017),
// its output projection included: [T, D] -> [T, D]. Masked tokens are attended
// by nobody. Where `probabilities` is not null it receives the probabilities
// of all rows, [heads, n, n] each, flat, one row after the other.
at::Tensor Attend(const Attention& attention, int64_t num_heads,
                  const PackedBatch& batch, const at::Tensor& input_TD,
                  at::Tensor* probabilities);

}  // namespace transformerd
