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

// The tokens that a row's vector is made of; on the host, or where the vectors
// are.
struct PooledTokens {
  // int64; undefined where these are all tokens.
  at::Tensor tokens;
  // Where those of each row begin and end among them, int32, [S + 1]. Undefined
  // where there is one for each row.
  at::Tensor borders;
};

// These tokens, one for each row.
PooledTokens OneOfEachRow(const std::vector<int64_t>& tokens);
// The tokens under mask 1.
PooledTokens VisibleTokens(const PackedRows& batch);
// What a kind of sentence embeddings, which is not kNone, looks at.
PooledTokens TokensOf(PoolingKind kind, const PackedRows& batch);

// The mean of each row's tokens: [T, D] -> [S, D].
at::Tensor Pool(const PooledTokens& tokens, const at::Tensor& input_TD);

// The same in float32; `normalize` divides by the Euclidean length, as
// sentence-transformers' Normalize module does.
at::Tensor EmbedSentences(const PooledTokens& tokens, bool normalize,
                          const at::Tensor& input_TD);

}  // namespace transformerd
