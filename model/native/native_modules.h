// The modules of a model as the kernels take them. Plain data.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/config/block_recipe.h"
#include "model/kernels/kernels.h"
#include "model/kernels/multiply.h"

namespace transformerd {

// Float32, filled up with zeros to whole vectors; empty where there is none.
using ParameterVector = std::vector<float>;

struct NativeLinear {
  int64_t out = 0, in = 0;
  int64_t panels = 0;  // of its input
  // Packed and multiplied as I8: reads rows that were quantised.
  bool int8 = false;
  // Packed; null where the weight stays as `plain` has it.
  const std::byte* weight = nullptr;
  const std::byte* plain = nullptr;  // row-major [out, in]
  ParameterVector bias;

  kernels::PackedLinear packed() const {
    return {weight, bias.empty() ? nullptr : bias.data()};
  }
};

struct NativeNorm {
  NormKind kind = NormKind::kLayerNorm;
  float eps = 0;
  ParameterVector weight;  // empty: ones
  ParameterVector bias;    // empty: zeros
};

// A linear that gives heads of queries, keys or values, and where its columns
// go in the panels of all heads.
struct NativeProjection {
  NativeLinear linear;
  const std::vector<int32_t>* columns = nullptr;
};

// Of queries, keys and values, in this order, or one of all three.
struct NativeAttention {
  std::vector<NativeProjection> projections;
  NativeLinear output;
  std::optional<NativeNorm> query_norm, key_norm;
  // Of distances, where they have projections of their own.
  std::optional<NativeLinear> position_query, position_key;
  // What those of distances make of the table: its rows as panels of all heads.
  // Null: not of use.
  kernels::PanelRows distance_query, distance_key;
};

struct NativeMlp {
  std::optional<NativeLinear> gate;
  NativeLinear up, down;
};

struct NativeBlock {
  NativeAttention attention;
  std::optional<NativeNorm> attention_norm, attention_output_norm;
  // Of decoders behind an encoder.
  std::optional<NativeAttention> cross_attention;
  std::optional<NativeNorm> cross_attention_norm;
  // One network, or the experts that the router chooses from.
  std::vector<NativeMlp> mlps;
  std::optional<NativeLinear> router;
  std::optional<NativeNorm> mlp_norm, mlp_output_norm;
};

struct NativeConvolution {
  // Of each group of channels, from [channels, kernel size].
  std::vector<NativeLinear> groups;
  NativeNorm norm;
};

// How the heads of a stack lie in the panels that its projections write:
// queries, then keys, then values, each head in panels of its own.
struct HeadLayout {
  int64_t query_heads = 0, key_heads = 0;
  int64_t head_size = 0;
  int64_t head_panels = 0;
  bool is_partly_used = false;  // heads do not fill their panels
  // Where the columns of each kind of projection go.
  std::vector<int32_t> query, key, value, fused;
  bool by_lanes = true;

  int64_t panels() const { return (query_heads + 2 * key_heads) * head_panels; }
  int64_t key_panel(int64_t key_head) const {
    return (query_heads + key_head) * head_panels;
  }
  int64_t value_panel(int64_t key_head) const {
    return (query_heads + key_heads + key_head) * head_panels;
  }
};

struct NativeEmbeddings {
  const std::byte* token = nullptr;
  const std::byte* position = nullptr;     // null: none
  const std::byte* token_type = nullptr;   // null: none
  const std::byte* class_token = nullptr;  // of images
  std::optional<NativeNorm> norm;
  // Of what is narrower than the blocks, or of the pixels of a patch.
  std::optional<NativeLinear> projection;
};

struct NativeStack {
  HeadLayout heads;
  NativeEmbeddings embeddings;
  std::vector<NativeBlock> blocks;
  ParameterVector relative_bias;         // [buckets, heads]; empty: none
  const std::byte* distances = nullptr;  // the table; null: none
  std::optional<NativeNorm> distance_norm;
  std::optional<NativeConvolution> convolution;  // behind the first block
  std::optional<NativeNorm> final_norm;
  std::optional<NativeLinear> output_projection;
};

struct NativeHead {
  std::optional<NativeLinear> dense;
  std::optional<NativeNorm> norm;
  std::optional<NativeLinear> output, relationship;
};

}  // namespace transformerd
