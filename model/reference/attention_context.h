// What the attention of all layers of a stack shares in one forward pass.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/stack_recipe.h"
#include "model/modules/modules.h"
#include "model/reference/disentangled.h"
#include "model/reference/packed_attention.h"
#include "model/reference/rotary.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Neighbouring rows that one call can take: equal lengths and nothing masked,
// or a single row.
struct RowGroup {
  int64_t first_token = 0;
  int64_t rows = 0;
  int64_t length = 0;
  bool has_mask = false;
};

// What it takes from the batch, on the host or where the weights are.
struct AttentionInputs {
  RowBorders borders;  // of all rows
  // Of each LayerVariant; undefined where its layers do not rotate.
  std::vector<RotationInputs> rotations;
};

// On the host.
AttentionInputs MakeAttentionInputs(const StackRecipe& recipe,
                                    const PackedRows& batch);

// What attends to `rows` rows of at most `longest` tokens, where nothing is
// masked, in one call of this layer; kNone where there is no such kernel.
// `weights` are their dtype and device.
PackedKernel PackedKernelFor(const StackRecipe& recipe, const Stack& stack,
                             int64_t layer, int64_t rows, int64_t longest,
                             const at::TensorOptions& weights);

// Rotations and biases are made when they are first asked for, in the dtype and
// on the device of `options`, which are those of the weights. Not thread-safe;
// refers to all else that it is made from.
class AttentionContext {
 public:
  AttentionContext(const StackRecipe& recipe, const Stack& stack,
                   const PackedRows& batch, const AttentionInputs& inputs,
                   const at::TensorOptions& options);

  const StackRecipe& recipe() const { return recipe_; }
  const std::vector<RowGroup>& groups() const { return groups_; }

  // Null where the layer does not rotate.
  const Rotation* RotationOf(int64_t layer);

  // True where a query of this group sees all keys up to itself and no others,
  // and nothing is added to the scores.
  bool IsPlainlyCausal(int64_t layer, size_t group) const;

  // PackedKernelFor the batch; kNone also where each row is masked.
  PackedKernel KernelOf(int64_t layer) const;

  // Of all rows.
  const RowBorders& borders() const { return inputs_.borders; }

  // What queries of this layer see of the longest row.
  AttentionSpan SpanOf(int64_t layer) const;

  // Null where scores do not depend on vectors of distances.
  DisentangledScores* disentangled() {
    return disentangled_ ? &*disentangled_ : nullptr;
  }

  // [n]: true where a token of a group is masked, which must be of one row.
  at::Tensor MaskedTokens(const RowGroup& group) const;

  // What is added to the scores of a group, [1 or heads, 1 or n, n]; nothing
  // where all is visible. Keys that a query does not see get a value that is
  // finite and dwarfs all scores: a query that sees none attends to all tokens
  // alike, as in AllenNLP.
  const std::optional<at::Tensor>& BiasOf(int64_t layer, size_t group);

 private:
  // Of one LayerVariant.
  struct Shared {
    std::optional<Rotation> rotation;
    std::vector<std::optional<at::Tensor>> biases;  // of each group
    std::vector<bool> has_bias;
  };

  size_t VariantIndexOf(int64_t layer) const;
  Shared& SharedOf(int64_t layer);
  std::optional<at::Tensor> MakeBias(const AttentionSpan& span,
                                     const RowGroup& group) const;
  at::Tensor RelativeBiasOf(int64_t length) const;

  const StackRecipe& recipe_;
  const Stack& stack_;
  const PackedRows& batch_;
  const AttentionInputs& inputs_;
  const at::TensorOptions options_;
  const std::vector<RowGroup> groups_;
  std::vector<Shared> shared_;
  std::optional<DisentangledScores> disentangled_;
};

}  // namespace transformerd
