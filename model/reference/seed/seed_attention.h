// Attention as AllenNLP's modules compute it: over padded rows, with masks that
// are added.
//
// All functions are pure. Shapes: B batch, Q queries, K keys, H heads, D head
// size.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

// What a mask of zeros and ones, [B,K], [B,Q,K] or either with a dimension of 1
// behind the batch, adds to scores: 0 where it is 1, the lowest finite number
// where it is 0. A row that is masked whole so attends to all alike. Undefined
// for no mask.
at::Tensor AdditiveMask(const at::Tensor& mask, at::ScalarType dtype);

// a + b, where either may be undefined.
at::Tensor AddIfAny(const at::Tensor& a, const at::Tensor& b);

// [B,T,H*D] -> [B,H,T,D], and back.
at::Tensor SplitHeads(const at::Tensor& states, int64_t heads);
at::Tensor JoinHeads(const at::Tensor& states_BHTD);

struct SeedAttentionInput {
  at::Tensor states;
  at::Tensor source;     // of keys and values; undefined: `states`
  at::Tensor bias;       // added to the scores; undefined: none
  at::Tensor head_mask;  // [H], multiplies probabilities; undefined: none
};

struct SeedAttentionResult {
  at::Tensor states;
  at::Tensor probabilities;  // [B,H,Q,K]
};

SeedAttentionResult Attend(const SeedAttention& attention,
                           const SeedAttentionInput& input);

// The attention's table of biases for rows of so many tokens, [1,H,Q,K].
at::Tensor RelativeBiases(const SeedAttention& attention, int64_t queries,
                          int64_t keys);

void Run(const SelfAttentionModule& module, SeedCall& call);
void Run(const T5AttentionModule& module, SeedCall& call);

}  // namespace transformerd
