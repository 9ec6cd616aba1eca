// Attention scores that depend on vectors of distances (He et al., 2021a).
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"

namespace transformerd {

// Distances as one layer sees them, [H, P, K]: P rows of the table, H heads of
// K numbers. Undefined where the recipe has no use for them.
struct DistanceVectors {
  at::Tensor query, key;
};

// What the layers of a stack share of it in one forward pass. Not thread-safe;
// refers to the recipe, which must be disentangled.
class DisentangledScores {
 public:
  // For rows of up to `longest` tokens.
  DisentangledScores(const StackRecipe& recipe, const Stack& stack,
                     int64_t longest);

  DistanceVectors Project(const Attention& attention) const;

  // What is added to the products of queries and keys before they are scaled:
  // two of [R, H, n, K] -> [R, H, n, n], for R rows of n tokens.
  at::Tensor Score(const DistanceVectors& distances,
                   const at::Tensor& query_RHnK, const at::Tensor& key_RHnK);

 private:
  // [n, n]: which of the P distances lies between a query and a key.
  const at::Tensor& RowsOf(int64_t length);

  const StackRecipe& stack_recipe_;
  const DisentangledRecipe& recipe_;
  const int64_t first_row_;  // of the table
  at::Tensor distances_PD_;
  std::map<int64_t, at::Tensor> rows_of_length_;
};

}  // namespace transformerd
