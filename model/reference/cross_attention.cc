// Shapes: T tokens of the decoder's rows, E of the encoder's, D hidden, H
// heads, K head size, q and k tokens of one row of each, R rows of the same
// lengths.
#include "model/reference/cross_attention.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <cmath>

#include "glog/logging.h"
#include "model/reference/ops.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

at::Tensor ByHead(const StackRecipe& recipe, const at::Tensor& x_TD) {
  return x_TD.view({-1, recipe.num_attention_heads, recipe.head_size});
}

// [R, H, n, K] of [T, H, K].
at::Tensor RowsOf(const at::Tensor& x_THK, int64_t first, int64_t rows,
                  int64_t length) {
  return x_THK.narrow(0, first, rows * length)
      .unflatten(0, {rows, length})
      .transpose(1, 2);
}

// Hides the masked tokens of row `s`; nothing where there are none.
std::optional<at::Tensor> BiasOf(const PackedRows& rows, int64_t s,
                                 const at::TensorOptions& options) {
  if (!rows.sequence_has_mask[s]) return std::nullopt;
  const int64_t length = rows.length(s);
  at::Tensor hidden = at::zeros({1, 1, 1, length}, at::kBool);
  for (int64_t i = 0; i < length; ++i) {
    hidden.mutable_data_ptr<bool>()[i] =
        rows.attention_mask[rows.sequence_offsets[s] + i] == 0;
  }
  const at::Tensor bias = at::zeros({1, 1, 1, length}, options);
  return bias.masked_fill(ToDevice(hidden, bias.device()),
                          LowestOf(bias.scalar_type()));
}

}  // namespace

CrossMemory MakeCrossMemory(const Attention& attention,
                            const StackRecipe& recipe,
                            const at::Tensor& encoded_ED) {
  CHECK(recipe.block.attention.layout == QkvLayout::kSeparate);
  return {ByHead(recipe, Apply(attention.key, encoded_ED)),
          ByHead(recipe, Apply(attention.value, encoded_ED))};
}

CrossContext::CrossContext(const StackRecipe& recipe, const PackedRows& decoder,
                           const RowBorders& decoder_borders,
                           const PackedRows& encoder,
                           const RowBorders& encoder_borders,
                           const at::TensorOptions& options)
    : recipe_(recipe),
      query_borders_(decoder_borders),
      key_borders_(encoder_borders) {
  CHECK_EQ(decoder.num_sequences(), encoder.num_sequences());
  for (int64_t s = 0; s < decoder.num_sequences(); ++s) {
    Group group = {1,
                   decoder.sequence_offsets[s],
                   decoder.length(s),
                   encoder.sequence_offsets[s],
                   encoder.length(s),
                   BiasOf(encoder, s, options)};
    const bool joins = !groups_.empty() && !group.bias &&
                       !groups_.back().bias &&
                       groups_.back().queries == group.queries &&
                       groups_.back().keys == group.keys;
    if (joins) {
      ++groups_.back().rows;
    } else {
      groups_.push_back(std::move(group));
    }
  }
  const bool has_plain_rows =
      std::any_of(groups_.begin(), groups_.end(),
                  [](const Group& group) { return !group.bias; });
  if (!has_plain_rows) return;
  kernel_ = PackedKernelOn(options, recipe.head_size, decoder.num_sequences(),
                           /*span=*/{});
}

at::Tensor AttendAcross(const Attention& attention, const CrossContext& context,
                        const CrossMemory& memory, const at::Tensor& input_TD,
                        at::Tensor* probabilities) {
  const StackRecipe& recipe = context.recipe();
  const double scale =
      recipe.block.attention.scale > 0
          ? recipe.block.attention.scale
          : 1 / std::sqrt(static_cast<double>(recipe.head_size));
  const at::Tensor query_THK = ByHead(recipe, Apply(attention.query, input_TD));
  const bool is_packed =
      context.kernel() != PackedKernel::kNone && probabilities == nullptr;
  const at::Tensor context_THK =
      is_packed ? AttendPacked(context.kernel(), /*span=*/{}, scale, query_THK,
                               memory.key, memory.value,
                               context.query_borders(), context.key_borders())
                : at::empty_like(query_THK);
  std::vector<at::Tensor> collected;
  for (const CrossContext::Group& group : context.groups()) {
    if (is_packed && !group.bias) continue;
    const auto keys_of = [&](const at::Tensor& x_EHK) {
      return RowsOf(x_EHK, group.first_key, group.rows, group.keys);
    };
    const auto queries_of = [&](const at::Tensor& x_THK) {
      return RowsOf(x_THK, group.first_query, group.rows, group.queries);
    };
    const at::Tensor query_RHqK = queries_of(query_THK);
    const at::Tensor key_RHkK = keys_of(memory.key);
    const at::Tensor value_RHkK = keys_of(memory.value);
    at::Tensor context_RHqK;
    if (probabilities == nullptr) {
      std::optional<at::Tensor> mask;
      if (group.bias) {
        mask = group.bias->expand({1, 1, group.queries, group.keys});
      }
      context_RHqK = at::scaled_dot_product_attention(
          query_RHqK, key_RHkK, value_RHkK, mask, /*dropout_p=*/0,
          /*is_causal=*/false, scale);
    } else {
      at::Tensor scores_RHqk =
          at::matmul(query_RHqK, key_RHkK.transpose(-2, -1)).mul(scale);
      if (group.bias) scores_RHqk = scores_RHqk.add(*group.bias);
      const at::Tensor probabilities_RHqk = at::softmax(scores_RHqk, -1);
      collected.push_back(probabilities_RHqk.reshape({-1}));
      context_RHqK = at::matmul(probabilities_RHqk, value_RHkK);
    }
    queries_of(context_THK).copy_(context_RHqK);
  }
  if (probabilities != nullptr) *probabilities = at::cat(collected);
  return Apply(attention.output, context_THK.flatten(1, 2));
}

}  // namespace transformerd
