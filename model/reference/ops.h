// The forward computation of each module over ATen.
//
// Shapes: T tokens of all rows together, D hidden, H heads, K head size,
// S sequences. All functions are pure and thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/modules/transformer.h"
#include "model/runtime/packing.h"

namespace transformerd {

at::Tensor Apply(const Linear& linear, const at::Tensor& input);
at::Tensor Apply(const LayerNorm& norm, const at::Tensor& input);
at::Tensor Apply(Activation activation, const at::Tensor& input);

// [T, D] from the batch's ids, positions and token types.
at::Tensor Embed(const Embeddings& embeddings, const PackedBatch& batch);

// One encoder block: [T, D] -> [T, D]. Where `probabilities` is not null it
// receives the attention probabilities of all rows, [H, n, n] each, flat.
at::Tensor Apply(const Block& block, const BlockRecipe& recipe,
                 int64_t num_heads, const PackedBatch& batch,
                 const at::Tensor& input_TD, at::Tensor* probabilities);

// The first token of each row: [T, D] -> [S, D].
at::Tensor FirstTokens(const PackedBatch& batch, const at::Tensor& input_TD);

// One float32 vector a row: [T, D] -> [S, D]; `normalize` divides by the
// Euclidean length, as sentence-transformers' Normalize module does.
at::Tensor Pool(PoolingKind kind, bool normalize, const PackedBatch& batch,
                const at::Tensor& input_TD);

}  // namespace transformerd
