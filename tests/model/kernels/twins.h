// What kernels compute, as plain loops in double: their reference twins.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

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
  Matrix distance_bias;             // [heads, queries + keys - 1]; empty: none

  int64_t head_size() const { return key.columns; }
  int64_t heads() const { return query.columns / key.columns; }
};

struct AttentionOutput {
  Matrix context;        // [queries, heads * head size]
  Matrix probabilities;  // [heads * queries, keys]
};

// A query that sees no key weighs all alike.
AttentionOutput AttentionTwin(const AttentionInput& input);

}  // namespace transformerd::kernels
