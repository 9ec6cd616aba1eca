// Shapes: H heads, n tokens of one row.
#include "model/reference/attention_context.h"

#include <ATen/ops/arange.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/modules/relative_buckets.h"
#include "model/reference/tensors.h"

namespace transformerd {
namespace {

size_t NumVariants(const StackRecipe& recipe) {
  return std::max<size_t>(1, recipe.variants.size());
}

std::vector<RowGroup> GroupRows(const PackedRows& batch) {
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

// The span with what causality takes from it, without what no row of this
// length reaches.
AttentionSpan Narrowed(AttentionSpan span, bool causal, int64_t length) {
  if (causal) span.after = 0;
  if (span.before >= length - 1) span.before = AttentionSpan::kUnlimited;
  if (span.after >= length - 1) span.after = AttentionSpan::kUnlimited;
  return span;
}

// What queries of a layer see of a row of this length.
AttentionSpan SpanOfLayer(const StackRecipe& recipe, int64_t layer,
                          int64_t length) {
  return Narrowed(VariantOf(recipe, layer).span, recipe.block.attention.causal,
                  length);
}

bool IsUnlimited(const AttentionSpan& span) {
  return span.before == AttentionSpan::kUnlimited &&
         span.after == AttentionSpan::kUnlimited;
}

// [n, n]: the key's index less the query's.
at::Tensor Distances(int64_t length, const at::TensorOptions& options) {
  const at::Tensor index_n = at::arange(length, options.dtype(at::kLong));
  return index_n.unsqueeze(0).sub(index_n.unsqueeze(1));
}

}  // namespace

AttentionInputs MakeAttentionInputs(const StackRecipe& recipe,
                                    const PackedRows& batch) {
  AttentionInputs inputs;
  inputs.borders = MakeRowBorders(batch);
  inputs.rotations.resize(NumVariants(recipe));
  for (size_t i = 0; i < inputs.rotations.size(); ++i) {
    if (recipe.variants.empty() || !recipe.variants[i].rotary) continue;
    inputs.rotations[i] = MakeRotationInputs(*recipe.variants[i].rotary, batch);
  }
  return inputs;
}

PackedKernel PackedKernelFor(const StackRecipe& recipe, const Stack& stack,
                             int64_t layer, int64_t rows, int64_t longest,
                             const at::TensorOptions& weights) {
  const bool is_plain = recipe.block.attention.softcap == 0 &&
                        stack.relative_bias == nullptr && !recipe.disentangled;
  if (!is_plain) return PackedKernel::kNone;
  return PackedKernelOn(weights, recipe.head_size, rows,
                        SpanOfLayer(recipe, layer, longest));
}

AttentionContext::AttentionContext(const StackRecipe& recipe,
                                   const Stack& stack, const PackedRows& batch,
                                   const AttentionInputs& inputs,
                                   const at::TensorOptions& options)
    : recipe_(recipe),
      stack_(stack),
      batch_(batch),
      inputs_(inputs),
      options_(options),
      groups_(GroupRows(batch)),
      shared_(NumVariants(recipe)) {
  for (Shared& shared : shared_) {
    shared.biases.resize(groups_.size());
    shared.has_bias.resize(groups_.size());
  }
  if (recipe.disentangled) {
    disentangled_.emplace(recipe, stack, inputs.borders.longest);
  }
}

size_t AttentionContext::VariantIndexOf(int64_t layer) const {
  return recipe_.variant_of_layer.empty() ? 0 : recipe_.variant_of_layer[layer];
}

AttentionContext::Shared& AttentionContext::SharedOf(int64_t layer) {
  return shared_[VariantIndexOf(layer)];
}

const Rotation* AttentionContext::RotationOf(int64_t layer) {
  const std::optional<RotaryRecipe>& recipe = VariantOf(recipe_, layer).rotary;
  if (!recipe) return nullptr;
  std::optional<Rotation>& rotation = SharedOf(layer).rotation;
  if (!rotation) {
    rotation = MakeRotation(*recipe, inputs_.rotations[VariantIndexOf(layer)],
                            options_);
  }
  return &*rotation;
}

bool AttentionContext::IsPlainlyCausal(int64_t layer, size_t group) const {
  const RowGroup& rows = groups_[group];
  return recipe_.block.attention.causal && stack_.relative_bias == nullptr &&
         !disentangled_ && !rows.has_mask &&
         Narrowed(VariantOf(recipe_, layer).span, /*causal=*/true, rows.length)
                 .before == AttentionSpan::kUnlimited;
}

PackedKernel AttentionContext::KernelOf(int64_t layer) const {
  const bool has_plain_rows =
      !std::all_of(groups_.begin(), groups_.end(),
                   [](const RowGroup& group) { return group.has_mask; });
  if (!has_plain_rows) return PackedKernel::kNone;
  return PackedKernelFor(recipe_, stack_, layer, batch_.num_sequences(),
                         inputs_.borders.longest, options_);
}

AttentionSpan AttentionContext::SpanOf(int64_t layer) const {
  return SpanOfLayer(recipe_, layer, inputs_.borders.longest);
}

const std::optional<at::Tensor>& AttentionContext::BiasOf(int64_t layer,
                                                          size_t group) {
  Shared& shared = SharedOf(layer);
  if (!shared.has_bias[group]) {
    shared.biases[group] =
        MakeBias(VariantOf(recipe_, layer).span, groups_[group]);
    shared.has_bias[group] = true;
  }
  return shared.biases[group];
}

std::optional<at::Tensor> AttentionContext::MakeBias(
    const AttentionSpan& whole, const RowGroup& group) const {
  const int64_t length = group.length;
  const AttentionSpan span =
      Narrowed(whole, recipe_.block.attention.causal, length);
  const bool has_relative = stack_.relative_bias != nullptr;
  if (IsUnlimited(span) && !group.has_mask && !has_relative) {
    return std::nullopt;
  }
  at::Tensor bias_Hnn = has_relative ? RelativeBiasOf(length)
                                     : at::zeros({1, 1, length}, options_);
  const double lowest = LowestOf(bias_Hnn.scalar_type());
  if (!IsUnlimited(span)) {
    const at::Tensor distances_nn = Distances(length, options_);
    if (span.before != AttentionSpan::kUnlimited) {
      bias_Hnn = bias_Hnn.masked_fill(distances_nn.lt(-span.before), lowest);
    }
    if (span.after != AttentionSpan::kUnlimited) {
      bias_Hnn = bias_Hnn.masked_fill(distances_nn.gt(span.after), lowest);
    }
  }
  if (group.has_mask) {
    bias_Hnn = bias_Hnn.masked_fill(MaskedTokens(group), lowest);
  }
  return bias_Hnn;
}

at::Tensor AttentionContext::MaskedTokens(const RowGroup& group) const {
  CHECK_EQ(group.rows, 1);
  at::Tensor masked_n = at::zeros({group.length}, at::kBool);
  for (int64_t i = 0; i < group.length; ++i) {
    masked_n.mutable_data_ptr<bool>()[i] =
        batch_.attention_mask[group.first_token + i] == 0;
  }
  return ToDevice(masked_n, options_.device());
}

at::Tensor AttentionContext::RelativeBiasOf(int64_t length) const {
  std::vector<int64_t> buckets;  // of the distances from -(n - 1) to n - 1
  for (int64_t distance = 1 - length; distance < length; ++distance) {
    buckets.push_back(
        RelativeBucket(recipe_.block.attention.relative_bias, distance));
  }
  const at::Tensor bias_H =
      TensorOf(*stack_.relative_bias)
          .index_select(0, ToDevice(TensorOf(absl::MakeConstSpan(buckets)),
                                    options_.device()))
          .t();
  const at::Tensor index_nn = Distances(length, options_).add(length - 1);
  return bias_H.index_select(1, index_nn.reshape({-1}))
      .view({-1, length, length});
}

}  // namespace transformerd
