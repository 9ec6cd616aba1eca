// AllenNLP's layers over padded rows.
//
// All functions are pure. Shapes: B batch, T tokens, D hidden.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "absl/types/span.h"
#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_attention.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

// norm(dense(states) + residual).
at::Tensor Apply(const OutputLayer& layer, const at::Tensor& states,
                 const at::Tensor& residual);

struct SeedLayerInput {
  at::Tensor states;     // [B,T,D]
  at::Tensor bias;       // of the attention to itself; undefined: none
  at::Tensor head_mask;  // [H], of both attentions; undefined: none
  at::Tensor source;     // of the cross attention; undefined: it is left out
};

struct SeedLayerResult {
  at::Tensor states;
  at::Tensor probabilities, cross_probabilities;
};

SeedLayerResult Apply(const TransformerLayerModule& layer,
                      const SeedLayerInput& input);

// The states alone, through all layers.
at::Tensor Apply(absl::Span<const TransformerLayerModule> layers,
                 at::Tensor states, const at::Tensor& bias);

void Run(const AttentionLayerModule& module, SeedCall& call);
void Run(const TransformerLayerModule& module, SeedCall& call);
void Run(const TransformerStackModule& module, SeedCall& call);

}  // namespace transformerd
