// What stands on a stack, or on its decoder where there is one.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/architecture.h"
#include "model/modules/modules.h"
#include "model/modules/transformer.h"
#include "model/reference/pooling.h"
#include "model/runtime/packing.h"

namespace transformerd {

// The rows whose tokens T are.
const PackedRows& TopRows(const Architecture& architecture,
                          const PackedBatch& batch);

// The tokens that pooler and head look at, on the host. Nothing for
// HeadPooling::kTokens, which looks at all by themselves, and kPooler.
PooledTokens TokensOf(HeadPooling pooling, const Architecture& architecture,
                      const PackedBatch& batch);

// The pooler's output: [T, D] -> [S, pooler size]. The class must have one.
at::Tensor RunPooler(const Architecture& architecture,
                     const Transformer& transformer,
                     const PooledTokens& pooler_tokens,
                     const at::Tensor& hidden_TD);

// The head's logits, [T, ...] for HeadPooling::kTokens, else [S, ...]. The
// class must have a head.
at::Tensor RunHead(const Architecture& architecture,
                   const Transformer& transformer,
                   const PooledTokens& pooler_tokens,
                   const PooledTokens& head_tokens,
                   const at::Tensor& hidden_TD);

}  // namespace transformerd
