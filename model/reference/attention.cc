// Shapes: T tokens of all rows, D hidden, H heads, K head size, n tokens of one
// row, R rows of the same length.
#include "model/reference/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

// Neighbouring rows that one call can take: equal lengths and nothing masked,
// or a single row.
struct RowGroup {
  int64_t first_token = 0;
  int64_t rows = 0;
  int64_t length = 0;
  bool has_mask = false;
};

std::vector<RowGroup> GroupRows(const PackedBatch& batch) {
  std::vector<RowGroup> groups;
  for (int64_t s = 0; s < batch.num_sequences(); ++s) {
    const bool has_mask = batch.sequence_has_mask[s];
    const bool joins = !groups.empty() && !has_mask &&
                       !groups.back().has_mask &&
                       groups.back().length == batch.length(s);
    if (joins) {
      ++groups.back().rows;
    } else {
      groups.push_back(
          {batch.sequence_offsets[s], 1, batch.length(s), has_mask});
    }
  }
  return groups;
}

// The lowest finite value of a dtype that parameters can have.
double Lowest(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return std::numeric_limits<at::BFloat16>::lowest();
    case at::kHalf:
      return std::numeric_limits<at::Half>::lowest();
    case at::kDouble:
      return std::numeric_limits<double>::lowest();
    default:
      return std::numeric_limits<float>::lowest();
  }
}

// [n] with 0 for visible keys and the lowest value for masked ones, which is
// finite: a row that is masked whole attends to all of its tokens alike, as in
// AllenNLP. Nothing where all are visible.
std::optional<at::Tensor> KeyBias(const PackedBatch& batch,
                                  const RowGroup& group, at::ScalarType dtype) {
  if (!group.has_mask) return std::nullopt;
  at::Tensor bias = at::zeros({group.length}, at::kDouble);
  double* values = bias.mutable_data_ptr<double>();
  for (int64_t i = 0; i < group.length; ++i) {
    if (batch.attention_mask[group.first_token + i] == 0) {
      values[i] = Lowest(dtype);
    }
  }
  return bias.to(dtype);
}

// The same computation as at::scaled_dot_product_attention, but it keeps the
// probabilities.
at::Tensor AttendExplicitly(const at::Tensor& query_RHnK,
                            const at::Tensor& key_RHnK,
                            const at::Tensor& value_RHnK,
                            const std::optional<at::Tensor>& bias,
                            std::vector<at::Tensor>& probabilities) {
  const double scale =
      1.0 / std::sqrt(static_cast<double>(query_RHnK.size(-1)));
  at::Tensor scores_RHnn =
      at::matmul(query_RHnK, key_RHnK.transpose(-2, -1)).mul(scale);
  if (bias) scores_RHnn.add_(*bias);
  const at::Tensor probabilities_RHnn = at::softmax(scores_RHnn, -1);
  probabilities.push_back(probabilities_RHnn.reshape({-1}));
  return at::matmul(probabilities_RHnn, value_RHnK);
}

}  // namespace

at::Tensor Attend(const Attention& attention, int64_t num_heads,
                  const PackedBatch& batch, const at::Tensor& input_TD,
                  at::Tensor* probabilities) {
  const at::Tensor query_TD = Apply(attention.query, input_TD);
  const at::Tensor key_TD = Apply(attention.key, input_TD);
  const at::Tensor value_TD = Apply(attention.value, input_TD);
  at::Tensor context_TD = at::empty_like(query_TD);
  std::vector<at::Tensor> collected;
  for (const RowGroup& group : GroupRows(batch)) {
    // A view [R, H, n, K] of the group's rows.
    const auto heads_of = [&](const at::Tensor& x_TD) {
      return x_TD.narrow(0, group.first_token, group.rows * group.length)
          .view({group.rows, group.length, num_heads, -1})
          .transpose(1, 2);
    };
    const std::optional<at::Tensor> bias =
        KeyBias(batch, group, query_TD.scalar_type());
    at::Tensor context_RHnK;
    if (probabilities != nullptr) {
      context_RHnK = AttendExplicitly(heads_of(query_TD), heads_of(key_TD),
                                      heads_of(value_TD), bias, collected);
    } else {
      // [n] as a mask of all heads and queries.
      const std::optional<at::Tensor> mask =
          bias ? std::make_optional(
                     bias->expand({1, 1, group.length, group.length}))
               : std::nullopt;
      context_RHnK = at::scaled_dot_product_attention(
          heads_of(query_TD), heads_of(key_TD), heads_of(value_TD), mask);
    }
    heads_of(context_TD).copy_(context_RHnK);
  }
  if (probabilities != nullptr) *probabilities = at::cat(collected);
  return Apply(attention.output, context_TD);
}

}  // namespace transformerd
