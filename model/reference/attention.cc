// Shapes: T tokens of all rows, D hidden, H heads, G key and value heads, K
// head size, n tokens of one row, R rows of the same length.
#include "model/reference/attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>

#include <cmath>
#include <optional>
#include <vector>

#include "glog/logging.h"
#include "model/reference/disentangled.h"
#include "model/reference/ops.h"
#include "model/reference/packed_attention.h"

namespace transformerd {
namespace {

// Queries are [T, H, K], keys and values [T, G, K].
struct Projected {
  at::Tensor query, key, value;
};

// Queries, keys and values as views of one product.
Projected SplitFused(const at::Tensor& fused, QkvLayout layout, int64_t heads,
                     int64_t key_heads, int64_t head_size) {
  if (layout == QkvLayout::kPerHead) {
    const at::Tensor by_head = fused.view({-1, heads, 3, head_size});
    return {by_head.select(2, 0), by_head.select(2, 1), by_head.select(2, 2)};
  }
  const auto slice = [&](int64_t first_head, int64_t count) {
    return fused.narrow(-1, first_head * head_size, count * head_size)
        .view({-1, count, head_size});
  };
  return {slice(0, heads), slice(heads, key_heads),
          slice(heads + key_heads, key_heads)};
}

Projected Project(const Attention& attention, int64_t layer,
                  AttentionContext& context, const at::Tensor& input_TD) {
  const StackRecipe& stack = context.recipe();
  const AttentionRecipe& recipe = stack.block.attention;
  const int64_t heads = stack.num_attention_heads;
  const int64_t key_heads =
      recipe.num_key_value_heads > 0 ? recipe.num_key_value_heads : heads;
  Projected out;
  if (recipe.layout == QkvLayout::kSeparate) {
    const auto by_head = [&](const Linear& linear, int64_t count) {
      return Apply(linear, input_TD).view({-1, count, stack.head_size});
    };
    out = {by_head(attention.query, heads), by_head(attention.key, key_heads),
           by_head(attention.value, key_heads)};
  } else {
    out = SplitFused(Apply(attention.qkv, input_TD), recipe.layout, heads,
                     key_heads, stack.head_size);
  }
  out.query = ApplyIfAny(attention.query_norm, out.query);
  out.key = ApplyIfAny(attention.key_norm, out.key);
  if (const Rotation* rotation = context.RotationOf(layer)) {
    out.query = Rotate(*rotation, out.query);
    out.key = Rotate(*rotation, out.key);
  }
  return out;
}

// The rows of a group, [R, H, n, K] of [T, H, K].
at::Tensor RowsOf(const RowGroup& group, const at::Tensor& x_THK) {
  return x_THK.narrow(0, group.first_token, group.rows * group.length)
      .unflatten(0, {group.rows, group.length})
      .transpose(1, 2);
}

double ScaleOf(const StackRecipe& stack, int64_t layer) {
  const AttentionRecipe& recipe = stack.block.attention;
  const double scale =
      recipe.scale > 0 ? recipe.scale
                       : 1 / std::sqrt(static_cast<double>(stack.head_size));
  return recipe.scale_by_layer ? scale / static_cast<double>(layer + 1) : scale;
}

// The same computation as at::scaled_dot_product_attention, but it can cap the
// scores and keeps the probabilities.
at::Tensor AttendExplicitly(const Projected& rows, double scale, double softcap,
                            const std::optional<at::Tensor>& bias,
                            std::vector<at::Tensor>* probabilities) {
  at::Tensor scores_RHnn = SoftCap(
      softcap, at::matmul(rows.query, rows.key.transpose(-2, -1)).mul(scale));
  if (bias) scores_RHnn = scores_RHnn.add(*bias);
  const at::Tensor probabilities_RHnn = at::softmax(scores_RHnn, -1);
  if (probabilities != nullptr) {
    probabilities->push_back(probabilities_RHnn.reshape({-1}));
  }
  return at::matmul(probabilities_RHnn, rows.value);
}

at::Tensor AttendFused(const Projected& rows, double scale, bool plainly_causal,
                       const std::optional<at::Tensor>& bias) {
  std::optional<at::Tensor> mask;
  if (!plainly_causal && bias) {
    const int64_t length = rows.query.size(2);
    mask = bias->expand({-1, -1, length, length});
  }
  return at::scaled_dot_product_attention(
      rows.query, rows.key, rows.value, mask,
      /*dropout_p=*/0, plainly_causal, scale);
}

// What is added to the scaled scores of a group, four-dimensional; nothing
// where nothing is.
std::optional<at::Tensor> BiasOf(
    const std::optional<DistanceVectors>& distances, double scale,
    const Projected& rows, int64_t layer, size_t group,
    AttentionContext& context) {
  std::optional<at::Tensor> bias = context.BiasOf(layer, group);
  if (bias) bias = bias->unsqueeze(0);
  if (!distances) return bias;
  const at::Tensor scores_RHnn = context.disentangled()
                                     ->Score(*distances, rows.query, rows.key)
                                     .mul(scale);
  return bias ? scores_RHnn.add(*bias) : scores_RHnn;
}

// Makes masked queries score all keys alike.
void LevelMasked(const at::Tensor& masked_n, Projected& rows,
                 std::optional<at::Tensor>& bias) {
  const at::Tensor masked_n1 = masked_n.unsqueeze(-1);
  rows.query = rows.query.masked_fill(masked_n1, 0);
  if (bias) bias = bias->masked_fill(masked_n1, 0);
}

}  // namespace

at::Tensor Attend(const Attention& attention, int64_t layer,
                  AttentionContext& context, const at::Tensor& input_TD,
                  at::Tensor* probabilities) {
  const StackRecipe& stack = context.recipe();
  const int64_t heads = stack.num_attention_heads;
  const double softcap = stack.block.attention.softcap;
  const double scale = ScaleOf(stack, layer);
  const Projected projected = Project(attention, layer, context, input_TD);
  const PackedKernel kernel =
      probabilities != nullptr ? PackedKernel::kNone : context.KernelOf(layer);
  const bool is_packed = kernel != PackedKernel::kNone;
  at::Tensor context_THK =
      is_packed ? AttendPacked(kernel, context.SpanOf(layer), scale,
                               projected.query, projected.key, projected.value,
                               context.borders(), context.borders())
                : at::empty(projected.query.sizes(), input_TD.options());
  std::optional<DistanceVectors> distances;
  if (context.disentangled() != nullptr) {
    distances = context.disentangled()->Project(attention);
  }
  std::vector<at::Tensor> collected;
  for (size_t i = 0; i < context.groups().size(); ++i) {
    const RowGroup& group = context.groups()[i];
    if (is_packed && !group.has_mask) continue;
    Projected rows = {RowsOf(group, projected.query),
                      RepeatHeads(RowsOf(group, projected.key), heads),
                      RepeatHeads(RowsOf(group, projected.value), heads)};
    const bool is_explicit = probabilities != nullptr || softcap > 0;
    if (!is_explicit && context.IsPlainlyCausal(layer, i)) {
      RowsOf(group, context_THK)
          .copy_(AttendFused(rows, scale, /*plainly_causal=*/true, {}));
      continue;
    }
    std::optional<at::Tensor> bias =
        BiasOf(distances, scale, rows, layer, i, context);
    if (stack.block.attention.masked_see_all && group.has_mask) {
      LevelMasked(context.MaskedTokens(group), rows, bias);
    }
    RowsOf(group, context_THK)
        .copy_(is_explicit
                   ? AttendExplicitly(
                         rows, scale, softcap, bias,
                         probabilities != nullptr ? &collected : nullptr)
                   : AttendFused(rows, scale, /*plainly_causal=*/false, bias));
  }
  if (probabilities != nullptr) *probabilities = at::cat(collected);
  return Apply(attention.output, context_THK.flatten(1, 2));
}

}  // namespace transformerd
