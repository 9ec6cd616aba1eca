// What kernels compute, as plain loops in double: their reference twins.
#pragma once

#include <cstdint>
#include <vector>

#include "model/base/dtype.h"
#include "model/config/block_recipe.h"
#include "tests/model/kernels/matrix.h"

namespace transformerd::kernels {

double ActivationTwin(Activation activation, double x);

// How far the kernels of a dtype may be off there, before rounding.
double ActivationError(Activation activation, DType dtype, double x);

// a b^T + bias, for `b` of [out, in]; an empty bias: zeros.
Matrix ProductTwin(const Matrix& a, const Matrix& b,
                   const std::vector<double>& bias);

// An empty weight: ones; an empty bias: zeros.
std::vector<double> NormTwin(NormKind kind, double eps,
                             const std::vector<double>& row,
                             const std::vector<double>& weight,
                             const std::vector<double>& bias);

// Pairs (i, i + cosines.size()) of a head.
void RotateTwin(const std::vector<double>& cosines,
                const std::vector<double>& sines, double* head);

// Attention of all query heads that one key head serves.
struct AttentionInput {
  Matrix query;       // [queries, heads * head size]
  Matrix key, value;  // [keys, head size]
  double scale = 1;
  double softcap = 0;               // 0: none
  int64_t before = -1, after = -1;  // -1: no limit
  std::vector<uint8_t> key_mask;    // empty: ones
  bool masked_see_all = false;
  Matrix distance_bias;  // [heads, queries + keys - 1]; empty: none

  // Vectors of distances, [rows, heads * head size]; empty: none. And which row
  // each distance has, [queries + keys - 1].
  Matrix distance_key, distance_query;
  std::vector<int32_t> distance_rows;

  int64_t head_size() const { return key.columns; }
  int64_t heads() const { return query.columns / key.columns; }
};

struct AttentionOutput {
  Matrix context;        // [queries, heads * head size]
  Matrix context_error;  // of kernels, before rounding
  Matrix probabilities;  // [heads * queries, keys]
  double largest_score = 0;

  // Of the probabilities that kernels compute: that of a power of two, and what
  // float32 leaves of differences of scores.
  double relative_error(DType dtype) const {
    return (dtype == DType::kF32 ? 3e-7 : 1.6e-4) + 4e-7 * largest_score;
  }
};

// A query that sees no key weighs all alike.
AttentionOutput AttentionTwin(const AttentionInput& input, DType dtype);

}  // namespace transformerd::kernels
