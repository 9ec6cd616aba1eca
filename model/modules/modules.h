// The parts of a transformer: which parameters exist and what they belong to.
//
// Plain structs of pointers to slots that a Transformer owns; an executor
// computes with them once the slots are filled.
#pragma once

#include <optional>
#include <vector>

#include "model/config/block_recipe.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// y = x weight^T + bias; weight is [out, in], or [in, out] where in_out is set.
struct Linear {
  ParameterSlot* weight = nullptr;
  ParameterSlot* bias = nullptr;  // null: none
  bool in_out = false;
};

struct Norm {
  NormKind kind = NormKind::kLayerNorm;
  double eps = 0;
  ParameterSlot* weight = nullptr;  // null: ones
  ParameterSlot* bias = nullptr;    // null: zeros
};

// Sum of token, position and token type vectors, then a norm.
struct Embeddings {
  ParameterSlot* token = nullptr;       // null: of images
  ParameterSlot* position = nullptr;    // null: none
  ParameterSlot* token_type = nullptr;  // null: none
  // Of images: the first token of each row, [1, 1, hidden], a convolution's
  // weight, [hidden, channels, height, width], and positions [1, tokens,
  // hidden].
  ParameterSlot* class_token = nullptr;  // null: not an image
  Linear patch;
  std::optional<Norm> norm;
  std::optional<Linear> projection;
};

// Multi-head attention (Vaswani et al., 2017).
struct Attention {
  // Either these three, or one that holds them all as QkvLayout says.
  Linear query, key, value;
  Linear qkv;
  Linear output;
  std::optional<Norm> query_norm, key_norm;  // of each head
  // Of distances, where a DisentangledRecipe has projections of their own.
  std::optional<Linear> position_query, position_key;
};

// Either gate and up, or one that holds both.
struct Mlp {
  Linear gate;  // of MlpKind::kGated
  Linear up;
  Linear gate_up;  // of MlpKind::kGatedFused
  Linear down;
};

struct Block {
  Attention attention;
  std::optional<Norm> attention_norm;
  std::optional<Norm> attention_output_norm;  // of NormPlacement::kSandwich
  // Of decoders behind an encoder.
  std::optional<Attention> cross_attention;
  std::optional<Norm> cross_attention_norm;
  // One network, or the experts that the router chooses from.
  std::vector<Mlp> mlps;
  std::optional<Linear> router;
  std::optional<Norm> mlp_norm;
  std::optional<Norm> mlp_output_norm;  // of NormPlacement::kSandwich
};

// Of a ConvolutionRecipe.
struct Convolution {
  ParameterSlot* weight = nullptr;  // [out, in / groups, kernel size]
  ParameterSlot* bias = nullptr;
  Norm norm;
};

struct Stack {
  Embeddings embeddings;
  std::vector<Block> blocks;
  ParameterSlot* relative_bias = nullptr;  // [buckets, heads]; null: none
  ParameterSlot* distances = nullptr;      // of a DisentangledRecipe
  std::optional<Norm> distance_norm;
  std::optional<Convolution> convolution;
  std::optional<Norm> final_norm;
  std::optional<Linear> output_projection;
};

// Whatever stands on the stack; see HeadRecipe.
struct Head {
  std::optional<Linear> dense;
  std::optional<Norm> norm;
  std::optional<Linear> output;
  ParameterSlot* late_bias = nullptr;  // null: none; may stay unfilled
  std::optional<Linear> relationship;  // next-sentence prediction
};

}  // namespace transformerd
