#include "model/native/packed_slots.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack.h"
#include "model/kernels/quantize_weight.h"

namespace transformerd {
namespace {

class Collector {
 public:
  // `block_dtype` is that of the blocks' weights; nothing: their slots'.
  explicit Collector(std::optional<DType> block_dtype)
      : block_dtype_(block_dtype) {}

  void Add(const Linear& linear, std::optional<DType> dtype = std::nullopt,
           int parts = 1) {
    if (linear.weight == nullptr || !linear.weight->tied_to().empty()) return;
    const Shape& shape = linear.weight->shape();
    PackedSlot packed;
    packed.slot = linear.weight;
    packed.parts = parts;
    packed.in_out = linear.in_out;
    packed.dtype = dtype.value_or(linear.weight->dtype());
    packed.out = shape[linear.in_out ? 1 : 0] / parts;
    packed.in = *NumElements(shape) / (packed.out * parts);
    CHECK(parts == 1 || !linear.in_out) << linear.weight->name();
    slots_.push_back(packed);
  }
  void Add(const std::optional<Linear>& linear) {
    if (linear) Add(*linear);
  }
  void Add(const Attention& attention) {
    Add(attention.query, block_dtype_);
    Add(attention.key, block_dtype_);
    Add(attention.value, block_dtype_);
    Add(attention.qkv, block_dtype_);
    Add(attention.output, block_dtype_);
    // Read once, so shorter ones would save nothing.
    Add(attention.position_query);
    Add(attention.position_key);
  }
  void Add(const Mlp& mlp) {
    Add(mlp.gate, block_dtype_);
    Add(mlp.up, block_dtype_);
    Add(mlp.gate_up, block_dtype_, /*parts=*/2);
    Add(mlp.down, block_dtype_);
  }
  void Add(const Convolution& convolution) {
    // As many inputs as outputs, of which each group sees its own.
    const Shape& shape = convolution.weight->shape();
    Add({convolution.weight, convolution.bias}, std::nullopt,
        static_cast<int>(shape[0] / shape[1]));
  }
  void Add(const Stack& stack) {
    Add(stack.embeddings.projection);
    Add(stack.embeddings.patch);
    for (const Block& block : stack.blocks) {
      Add(block.attention);
      if (block.cross_attention) Add(*block.cross_attention);
      Add(block.router);
      for (const Mlp& mlp : block.mlps) Add(mlp);
    }
    if (stack.convolution) Add(*stack.convolution);
    Add(stack.output_projection);
  }
  void Add(const Head& head) {
    Add(head.dense);
    Add(head.output);
    Add(head.relationship);
  }

  std::vector<PackedSlot> Take() && { return std::move(slots_); }

 private:
  const std::optional<DType> block_dtype_;
  std::vector<PackedSlot> slots_;
};

int64_t PlainPartBytes(const PackedSlot& packed) {
  return packed.out * packed.in * BytesOf(packed.slot->dtype());
}

int64_t PartBytes(const PackedSlot& packed) {
  return kernels::PackedBytes(packed.out, packed.in, packed.dtype);
}

void PackPart(const PackedSlot& packed, int part) {
  std::byte* const storage = packed.slot->storage();
  std::byte* const to = storage + PackedPartOffset(packed, part);
  std::memmove(to, storage + part * PlainPartBytes(packed),
               PlainPartBytes(packed));
  const kernels::PlainWeight plain = {packed.out, packed.in,
                                      packed.slot->dtype(), packed.in_out};
  if (packed.dtype == DType::kI8) {
    kernels::QuantizeInPlace(plain, to);
  } else {
    kernels::PackInPlace(plain, to);
  }
}

}  // namespace

std::vector<PackedSlot> PackedSlotsOf(const Architecture& architecture,
                                      const Transformer& transformer,
                                      bool int8) {
  Collector collector(int8 ? std::make_optional(DType::kI8) : std::nullopt);
  collector.Add(transformer.stack());
  if (transformer.decoder()) collector.Add(*transformer.decoder());
  // A pooler that only picks a token has no weights.
  if (architecture.pooler_dense) collector.Add(transformer.pooler());
  collector.Add(transformer.head());
  return std::move(collector).Take();
}

int64_t PackedBytes(const PackedSlot& packed) {
  return packed.parts * PartBytes(packed);
}

int64_t PackedPartOffset(const PackedSlot& packed, int part) {
  return part * PartBytes(packed);
}

void ReservePackedSlots(const std::vector<PackedSlot>& slots) {
  for (const PackedSlot& packed : slots) {
    packed.slot->Reserve(PackedBytes(packed));
  }
}

absl::Status PackSlots(const std::vector<PackedSlot>& slots,
                       const LoadControl& control) {
  for (const PackedSlot& packed : slots) {
    RETURN_IF_ERROR(control.CheckNotCancelled());
    // An optional one that the checkpoint lacks.
    if (!packed.slot->is_filled()) continue;
    // The last one first where the packed form is longer: no part may lie where
    // another is to be read.
    const bool grows = PartBytes(packed) > PlainPartBytes(packed);
    for (int i = 0; i < packed.parts; ++i) {
      PackPart(packed, grows ? packed.parts - 1 - i : i);
    }
  }
  return absl::OkStatus();
}

}  // namespace transformerd
