// What stands before and behind AllenNLP's layers.
//
// All functions are pure.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/modules/seed/seed_modules.h"
#include "model/reference/seed/seed_call.h"

namespace transformerd {

// All [B,T]; all but the ids may be undefined.
struct TextInput {
  at::Tensor ids, type_ids, position_ids, mask;
};

at::Tensor Embed(const TransformerEmbeddingsModule& module,
                 const TextInput& input);

// Features [B,T,F] and boxes [B,T,4].
at::Tensor Embed(const ImageFeatureEmbeddingsModule& module,
                 const at::Tensor& features, const at::Tensor& boxes);

// [B,T,D] -> [B,I].
at::Tensor Pool(const TransformerPoolerModule& module,
                const at::Tensor& states);

void Run(const TransformerEmbeddingsModule& module, SeedCall& call);
void Run(const ImageFeatureEmbeddingsModule& module, SeedCall& call);
void Run(const SinusoidalPositionalEncodingModule& module, SeedCall& call);
void Run(const TransformerPoolerModule& module, SeedCall& call);

}  // namespace transformerd
