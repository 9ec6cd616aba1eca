// Shapes: R rows of n tokens, H heads, K head size, D hidden, P distances.
#include "model/reference/disentangled.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/matmul.h>

#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/modules/distance_buckets.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// The product of each token with the vector of its distance to each other one:
// [R, H, n, K], [H, P, K] and [n, n] -> [R, H, n, n].
at::Tensor ScoreDistances(const at::Tensor& x_RHnK, const at::Tensor& y_HPK,
                          const at::Tensor& rows_nn) {
  const at::Tensor scores_RHnP = at::matmul(x_RHnK, y_HPK.transpose(-2, -1));
  const int64_t length = rows_nn.size(0);
  return scores_RHnP.gather(
      -1, rows_nn.expand({x_RHnK.size(0), x_RHnK.size(1), length, length}));
}

}  // namespace

DisentangledScores::DisentangledScores(const StackRecipe& recipe,
                                       const Stack& stack, int64_t longest)
    : stack_recipe_(recipe),
      recipe_(*recipe.disentangled),
      first_row_(DistanceRow(recipe_, 1 - longest)) {
  const int64_t last_row = DistanceRow(recipe_, longest - 1);
  distances_PD_ =
      ApplyIfAny(stack.distance_norm,
                 TensorOf(*stack.distances)
                     .narrow(0, first_row_, last_row - first_row_ + 1));
}

DistanceVectors DisentangledScores::Project(const Attention& attention) const {
  const auto by_head = [&](const Linear& linear) {
    return Apply(linear, distances_PD_)
        .view({-1, stack_recipe_.num_attention_heads, stack_recipe_.head_size})
        .transpose(0, 1);
  };
  DistanceVectors vectors;
  if (recipe_.content_to_position) {
    vectors.key = by_head(recipe_.shares_projections ? attention.key
                                                     : *attention.position_key);
  }
  if (recipe_.position_to_content) {
    vectors.query =
        by_head(recipe_.shares_projections ? attention.query
                                           : *attention.position_query);
  }
  return vectors;
}

at::Tensor DisentangledScores::Score(const DistanceVectors& distances,
                                     const at::Tensor& query_RHnK,
                                     const at::Tensor& key_RHnK) {
  const at::Tensor& rows_nn = RowsOf(query_RHnK.size(2));
  at::Tensor scores_RHnn;
  if (recipe_.content_to_position) {
    scores_RHnn = ScoreDistances(query_RHnK, distances.key, rows_nn);
  }
  if (recipe_.position_to_content) {
    const at::Tensor by_key_RHnn =
        ScoreDistances(key_RHnK, distances.query, rows_nn.t())
            .transpose(-2, -1);
    scores_RHnn =
        scores_RHnn.defined() ? scores_RHnn.add(by_key_RHnn) : by_key_RHnn;
  }
  CHECK(scores_RHnn.defined());
  return scores_RHnn;
}

const at::Tensor& DisentangledScores::RowsOf(int64_t length) {
  at::Tensor& rows_nn = rows_of_length_[length];
  if (rows_nn.defined()) return rows_nn;
  std::vector<int64_t> rows;  // of the distances from -(n - 1) to n - 1
  for (int64_t distance = 1 - length; distance < length; ++distance) {
    rows.push_back(DistanceRow(recipe_, distance) - first_row_);
  }
  const at::Tensor index_n =
      at::arange(length, distances_PD_.options().dtype(at::kLong));
  const at::Tensor distance_nn = index_n.unsqueeze(1).sub(index_n.unsqueeze(0));
  rows_nn = ToDevice(TensorOf(absl::MakeConstSpan(rows)), index_n.device())
                .index_select(0, distance_nn.add(length - 1).reshape({-1}))
                .view({length, length});
  return rows_nn;
}

}  // namespace transformerd
