// The weights that the native engine keeps in the layout of its kernels.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "model/config/architecture.h"
#include "model/loading/load_control.h"
#include "model/modules/modules.h"
#include "model/modules/parameter_slot.h"
#include "model/modules/transformer.h"

namespace transformerd {

// A weight [out, in] of which each part of the outputs is packed by itself: one
// part, the two halves of a fused gate, or the groups of a convolution.
struct PackedSlot {
  ParameterSlot* slot = nullptr;
  int64_t out = 0;  // of a part
  int64_t in = 0;
  int parts = 1;
  bool in_out = false;
  DType dtype = DType::kF32;  // of the packed form: the slot's, or I8
};

// Of all linears that have a weight of their own. One that may be tied to
// another parameter, say a table of tokens, stays as it is.
//
// With `int8`, those of the blocks' attention and feed-forward networks become
// I8. What there is once in a model (embeddings, poolers, heads) or is small
// and decides much (routers) keeps the dtype of its slot.
std::vector<PackedSlot> PackedSlotsOf(const Architecture& architecture,
                                      const Transformer& transformer,
                                      bool int8 = false);

// Bytes that the packed form takes: at least those of the plain one, but for
// I8, which is shorter as a rule.
int64_t PackedBytes(const PackedSlot& packed);
// Where a part begins in it.
int64_t PackedPartOffset(const PackedSlot& packed, int part);

// Makes room for the packed forms: before the plan of a load is made.
void ReservePackedSlots(const std::vector<PackedSlot>& slots);
// Packs the filled slots where they lie. Nothing but the native engine can read
// them from then on. Errors: the reason of the load's cancellation, which is
// looked at before each slot.
absl::Status PackSlots(const std::vector<PackedSlot>& slots,
                       const LoadControl& control);

}  // namespace transformerd
