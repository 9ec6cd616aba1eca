// From the tokens of each row to one vector a row.
//
// Shapes: T tokens of all rows together, D hidden, S rows. All functions are
// pure and thread-safe.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "model/config/pooling.h"
#include "model/runtime/packing.h"

namespace transformerd {

// These tokens, one for each row: [T, D] -> [S, D].
at::Tensor Select(const std::vector<int64_t>& tokens,
                  const at::Tensor& input_TD);

// The mean over the tokens under mask 1 of each row: [T, D] -> [S, D].
at::Tensor MeanTokens(const PackedRows& batch, const at::Tensor& input_TD);

// One float32 vector a row: [T, D] -> [S, D]; `normalize` divides by the
// Euclidean length, as sentence-transformers' Normalize module does.
at::Tensor Pool(PoolingKind kind, bool normalize, const PackedRows& batch,
                const at::Tensor& input_TD);

}  // namespace transformerd
