#include "model/native/weights.h"

#include <algorithm>
#include <functional>

#include "absl/container/flat_hash_map.h"
#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/kernels/elements.h"
#include "model/kernels/layout.h"
#include "model/modules/modules.h"
#include "model/native/distance_tables.h"
#include "model/native/packed_slots.h"
#include "model/native/row_ops.h"

namespace transformerd {
namespace {

// Columns of the panels of one head.
int64_t HeadColumns(const HeadLayout& heads, DType dtype) {
  return heads.head_panels * kernels::ColumnsPerPanel(dtype);
}

// Where the columns of `count` heads go that are written from `first_head` on.
std::vector<int32_t> ColumnsOfHeads(const HeadLayout& heads, DType dtype,
                                    int64_t first_head, int64_t count) {
  std::vector<int32_t> columns;
  for (int64_t head = first_head; head < first_head + count; ++head) {
    for (int64_t i = 0; i < heads.head_size; ++i) {
      columns.push_back(
          static_cast<int32_t>(head * HeadColumns(heads, dtype) + i));
    }
  }
  return columns;
}

// The columns of one projection that holds queries, keys and values.
std::vector<int32_t> FusedColumns(const HeadLayout& heads, QkvLayout layout) {
  std::vector<int32_t> fused;
  const auto append = [&](const std::vector<int32_t>& from, int64_t head) {
    const auto begin = from.begin() + head * heads.head_size;
    fused.insert(fused.end(), begin, begin + heads.head_size);
  };
  if (layout == QkvLayout::kPerHead) {
    for (int64_t head = 0; head < heads.query_heads; ++head) {
      append(heads.query, head);
      append(heads.key, head);
      append(heads.value, head);
    }
    return fused;
  }
  for (const auto* columns : {&heads.query, &heads.key, &heads.value}) {
    fused.insert(fused.end(), columns->begin(), columns->end());
  }
  return fused;
}

HeadLayout MakeHeadLayout(const StackRecipe& recipe, DType dtype) {
  const AttentionRecipe& attention = recipe.block.attention;
  HeadLayout heads;
  heads.query_heads = recipe.num_attention_heads;
  heads.key_heads = attention.num_key_value_heads > 0
                        ? attention.num_key_value_heads
                        : heads.query_heads;
  heads.head_size = recipe.head_size;
  heads.head_panels = kernels::NumPanels(recipe.head_size, dtype);
  heads.is_partly_used =
      recipe.head_size % kernels::ColumnsPerPanel(dtype) != 0;
  heads.by_lanes = recipe.head_size % kernels::kLanes == 0;
  heads.query = ColumnsOfHeads(heads, dtype, 0, heads.query_heads);
  heads.key = ColumnsOfHeads(heads, dtype, heads.query_heads, heads.key_heads);
  heads.value = ColumnsOfHeads(
      heads, dtype, heads.query_heads + heads.key_heads, heads.key_heads);
  if (attention.layout != QkvLayout::kSeparate) {
    heads.fused = FusedColumns(heads, attention.layout);
  }
  return heads;
}

ParameterVector VectorOf(const ParameterSlot* slot, int64_t first = 0,
                         int64_t count = -1) {
  if (slot == nullptr || !slot->is_filled()) return {};
  if (count < 0) count = *NumElements(slot->shape());
  ParameterVector values(kernels::RoundUp(count, kernels::kLanes), 0);
  if (slot->dtype() == DType::kF32) {
    const float* const from = reinterpret_cast<const float*>(slot->storage());
    std::copy_n(from + first, count, values.begin());
  } else {
    const auto* const from = reinterpret_cast<const uint16_t*>(slot->storage());
    std::transform(
        from + first, from + first + count, values.begin(),
        [](uint16_t half) { return kernels::BFloat16::Decode(half); });
  }
  return values;
}

const std::byte* StorageOf(const ParameterSlot* slot) {
  return slot == nullptr ? nullptr : slot->storage();
}

class Builder {
 public:
  Builder(const Architecture& architecture, const Transformer& transformer,
          bool int8, const kernels::Kernels& kernels)
      : dtype_(transformer.dtype()), ops_(kernels, dtype_) {
    for (const PackedSlot& packed :
         PackedSlotsOf(architecture, transformer, int8)) {
      packed_.emplace(packed.slot, packed);
    }
  }

  // Part `part` of a linear whose outputs are packed in parts.
  NativeLinear Make(const Linear& linear, int part = 0) const {
    DType dtype = linear.weight->dtype();
    NativeLinear native;
    const auto found = packed_.find(linear.weight);
    if (found == packed_.end()) {
      CHECK(!linear.in_out) << linear.weight->name();
      native.out = linear.weight->shape()[0];
      native.in = linear.weight->shape()[1];
      native.plain = linear.weight->storage();
    } else {
      const PackedSlot& packed = found->second;
      native.out = packed.out;
      native.in = packed.in;
      native.weight = linear.weight->storage() + PackedPartOffset(packed, part);
      dtype = packed.dtype;
    }
    native.int8 = dtype == DType::kI8;
    native.panels = kernels::NumPanels(native.in, dtype);
    native.bias = VectorOf(linear.bias, part * native.out, native.out);
    return native;
  }

  NativeNorm Make(const Norm& norm) const {
    return {norm.kind, static_cast<float>(norm.eps), VectorOf(norm.weight),
            VectorOf(norm.bias)};
  }

  template <typename Module>
  auto Make(const std::optional<Module>& module) const {
    using Native = decltype(Make(*module));
    return module ? std::make_optional(Make(*module)) : std::optional<Native>();
  }

  NativeMlp Make(const Mlp& mlp) const {
    NativeMlp native;
    if (mlp.gate_up.weight != nullptr) {
      native.gate = Make(mlp.gate_up, /*part=*/0);
      native.up = Make(mlp.gate_up, /*part=*/1);
    } else {
      if (mlp.gate.weight != nullptr) native.gate = Make(mlp.gate);
      native.up = Make(mlp.up);
    }
    native.down = Make(mlp.down);
    return native;
  }

  NativeAttention Make(const Attention& attention,
                       const HeadLayout& heads) const {
    NativeAttention native;
    if (attention.qkv.weight != nullptr) {
      native.projections.push_back({Make(attention.qkv), &heads.fused});
    } else {
      native.projections.push_back({Make(attention.query), &heads.query});
      native.projections.push_back({Make(attention.key), &heads.key});
      native.projections.push_back({Make(attention.value), &heads.value});
    }
    native.output = Make(attention.output);
    native.query_norm = Make(attention.query_norm);
    native.key_norm = Make(attention.key_norm);
    native.position_query = Make(attention.position_query);
    native.position_key = Make(attention.position_key);
    return native;
  }

  NativeBlock Make(const Block& block, const HeadLayout& heads) const {
    NativeBlock native;
    native.attention = Make(block.attention, heads);
    native.attention_norm = Make(block.attention_norm);
    native.attention_output_norm = Make(block.attention_output_norm);
    if (block.cross_attention) {
      native.cross_attention = Make(*block.cross_attention, heads);
    }
    native.cross_attention_norm = Make(block.cross_attention_norm);
    for (const Mlp& mlp : block.mlps) native.mlps.push_back(Make(mlp));
    native.router = Make(block.router);
    native.mlp_norm = Make(block.mlp_norm);
    native.mlp_output_norm = Make(block.mlp_output_norm);
    return native;
  }

  NativeConvolution Make(const Convolution& convolution) const {
    NativeConvolution native;
    const Linear linear = {convolution.weight, convolution.bias};
    for (int i = 0; i < packed_.at(linear.weight).parts; ++i) {
      native.groups.push_back(Make(linear, /*part=*/i));
    }
    native.norm = Make(convolution.norm);
    return native;
  }

  NativeEmbeddings Make(const Embeddings& embeddings) const {
    const bool is_image = embeddings.class_token != nullptr;
    return {StorageOf(embeddings.token),
            StorageOf(embeddings.position),
            StorageOf(embeddings.token_type),
            StorageOf(embeddings.class_token),
            Make(embeddings.norm),
            is_image ? Make(embeddings.patch) : Make(embeddings.projection)};
  }

  // In place, as projections point to the layout of the stack's heads.
  void Make(const StackRecipe& recipe, const Stack& stack,
            NativeStack& native) const {
    native.heads = MakeHeadLayout(recipe, dtype_);
    native.embeddings = Make(stack.embeddings);
    for (const Block& block : stack.blocks) {
      native.blocks.push_back(Make(block, native.heads));
    }
    native.relative_bias = VectorOf(stack.relative_bias);
    native.distances = StorageOf(stack.distances);
    native.distance_norm = Make(stack.distance_norm);
    native.convolution = Make(stack.convolution);
    native.final_norm = Make(stack.final_norm);
    native.output_projection = Make(stack.output_projection);
    if (recipe.disentangled) ProjectDistances(recipe, stack, ops_, native);
  }

  NativeHead Make(const Head& head) const {
    NativeHead native = {Make(head.dense), Make(head.norm), Make(head.output),
                         Make(head.relationship)};
    const ParameterVector late_bias = VectorOf(head.late_bias);
    if (late_bias.empty()) return native;
    ParameterVector& bias = native.output->bias;
    bias.resize(late_bias.size(), 0);
    std::transform(bias.begin(), bias.end(), late_bias.begin(), bias.begin(),
                   std::plus<float>());
    return native;
  }

 private:
  const DType dtype_;
  const RowOps ops_;
  absl::flat_hash_map<const ParameterSlot*, PackedSlot> packed_;
};

}  // namespace

NativeWeights::NativeWeights(const Architecture& architecture,
                             const Transformer& transformer, bool int8,
                             const kernels::Kernels& kernels) {
  const Builder builder(architecture, transformer, int8, kernels);
  builder.Make(architecture.stack, transformer.stack(), stack_);
  if (transformer.decoder()) {
    builder.Make(*architecture.decoder, *transformer.decoder(),
                 decoder_.emplace());
  }
  // An optional pooler that the checkpoint lacks has no output either.
  if (transformer.pooler() && transformer.pooler()->weight->is_filled()) {
    pooler_ = builder.Make(*transformer.pooler());
  }
  head_ = builder.Make(transformer.head());
}

}  // namespace transformerd
