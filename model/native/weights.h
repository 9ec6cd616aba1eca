// The modules of a model as the kernels take them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "model/config/architecture.h"
#include "model/kernels/kernels.h"
#include "model/modules/modules.h"
#include "model/modules/transformer.h"

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

struct NativeAttention {
  std::vector<NativeProjection> projections;
  NativeLinear output;
  std::optional<NativeNorm> query_norm, key_norm;
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
  ParameterVector relative_bias;  // [buckets, heads]; empty: none
  std::optional<NativeNorm> final_norm;
  std::optional<NativeLinear> output_projection;
};

struct NativeHead {
  std::optional<NativeLinear> dense;
  std::optional<NativeNorm> norm;
  std::optional<NativeLinear> output, relationship;
};

// Points into the slots of a transformer, which were packed by PackSlots and
// must outlive it; small parameters are copied. Immutable and thread-safe.
class NativeWeights {
 public:
  // `int8` as it was for PackedSlotsOf.
  NativeWeights(const Architecture& architecture,
                const Transformer& transformer, bool int8);
  NativeWeights(const NativeWeights&) = delete;
  NativeWeights& operator=(const NativeWeights&) = delete;

  const NativeStack& stack() const { return stack_; }
  const std::optional<NativeStack>& decoder() const { return decoder_; }
  const std::optional<NativeLinear>& pooler() const { return pooler_; }
  const NativeHead& head() const { return head_; }

 private:
  NativeStack stack_;
  std::optional<NativeStack> decoder_;
  std::optional<NativeLinear> pooler_;
  NativeHead head_;
};

}  // namespace transformerd
