// From the tokens of each row to one vector a row.
//
// Shapes: T tokens of all rows together, D hidden, S rows. All functions are
// pure and thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "model/config/pooling.h"
#include "model/runtime/packing.h"

namespace transformerd {

// The first token of each row: [T, D] -> [S, D].
at::Tensor FirstTokens(const PackedRows& batch, const at::Tensor& input_TD);

// The mean over the tokens under mask 1 of each row: [T, D] -> [S, D].
at::Tensor MeanTokens(const PackedRows& batch, const at::Tensor& input_TD);

// The last token of each row whose id is not `pad_token_id`, which one without
// an id is not, or the last one where there is no such id; the first where all
// are: [T, D] -> [S, D].
at::Tensor LastTokens(const PackedRows& batch,
                      std::optional<int64_t> pad_token_id,
                      const at::Tensor& input_TD);

// The first token of each row whose id is `end_of_text`, else the first; where
// that is nothing, the first one of the row's highest id: [T, D] -> [S, D].
at::Tensor EndsOfText(const PackedRows& batch,
                      std::optional<int64_t> end_of_text,
                      const at::Tensor& input_TD);

// Of each row of `tokens` the one at the place that the last `id` has in the
// same row of `rows`, where it must be (CHECK): [T, D] -> [S, D].
at::Tensor TokensAtLast(const PackedRows& rows, int64_t id,
                        const PackedRows& tokens, const at::Tensor& input_TD);

// One float32 vector a row: [T, D] -> [S, D]; `normalize` divides by the
// Euclidean length, as sentence-transformers' Normalize module does.
at::Tensor Pool(PoolingKind kind, bool normalize, const PackedRows& batch,
                const at::Tensor& input_TD);

}  // namespace transformerd
