#include "model/native/packed_slots.h"

#include <algorithm>
#include <cstring>
#include <optional>

#include "glog/logging.h"
#include "model/base/shape.h"
#include "model/kernels/layout.h"
#include "model/kernels/pack.h"

namespace transformerd {
namespace {

class Collector {
 public:
  void Add(const Linear& linear, int parts = 1) {
    if (linear.weight == nullptr || !linear.weight->tied_to().empty()) return;
    const Shape& shape = linear.weight->shape();
    PackedSlot packed;
    packed.slot = linear.weight;
    packed.parts = parts;
    packed.in_out = linear.in_out;
    packed.out = shape[linear.in_out ? 1 : 0] / parts;
    packed.in = *NumElements(shape) / (packed.out * parts);
    CHECK(parts == 1 || !linear.in_out) << linear.weight->name();
    slots_.push_back(packed);
  }
  void Add(const std::optional<Linear>& linear) {
    if (linear) Add(*linear);
  }
  void Add(const Attention& attention) {
    Add(attention.query);
    Add(attention.key);
    Add(attention.value);
    Add(attention.qkv);
    Add(attention.output);
  }
  void Add(const Mlp& mlp) {
    Add(mlp.gate);
    Add(mlp.up);
    Add(mlp.gate_up, /*parts=*/2);
    Add(mlp.down);
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
    Add(stack.output_projection);
  }
  void Add(const Head& head) {
    Add(head.dense);
    Add(head.output);
    Add(head.relationship);
  }

  std::vector<PackedSlot> Take() && { return std::move(slots_); }

 private:
  std::vector<PackedSlot> slots_;
};

int64_t PlainPartBytes(const PackedSlot& packed) {
  return packed.out * packed.in * BytesOf(packed.slot->dtype());
}

int64_t PartBytes(const PackedSlot& packed) {
  return kernels::PackedBytes(packed.out, packed.in, packed.slot->dtype());
}

}  // namespace

std::vector<PackedSlot> PackedSlotsOf(const Architecture& architecture,
                                      const Transformer& transformer) {
  Collector collector;
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

void PackSlots(const std::vector<PackedSlot>& slots) {
  for (const PackedSlot& packed : slots) {
    // An optional one that the checkpoint lacks.
    if (!packed.slot->is_filled()) continue;
    std::byte* const storage = packed.slot->storage();
    // The last one first: the packed form may be longer.
    for (int part = packed.parts - 1; part >= 0; --part) {
      std::byte* const to = storage + PackedPartOffset(packed, part);
      std::memmove(to, storage + part * PlainPartBytes(packed),
                   PlainPartBytes(packed));
      kernels::PackInPlace(
          {packed.out, packed.in, packed.slot->dtype(), packed.in_out}, to);
    }
  }
}

}  // namespace transformerd
