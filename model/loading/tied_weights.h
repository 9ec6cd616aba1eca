// Which tied parameters of a checkpoint are one and the same.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/arena.h"
#include "model/loading/load_plan.h"
#include "model/loading/name_map.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// Some checkpoints hold a tied parameter twice. As in transformers, what the
// config says about tying counts only where both copies are equal: these become
// one, and where they differ each slot keeps its own, with a warning.

// Ties keys that are the same bytes of the same file, as the two names of one
// storage in a pickle are: they are read once. Looks at headers alone.
void TieSharedTensors(absl::Span<const std::unique_ptr<ParameterSlot>> slots,
                      absl::Span<const CheckpointEntry> entries,
                      NameMap& name_map);

struct TiedCopies {
  std::vector<SlotTie> equal;
  std::vector<std::string> warnings;
};

// Compares what else is there twice, bit by bit and where it was loaded to: so
// no byte of the file is read for that, and what counts are the values that
// would be computed with. `arena` is that of any rank.
TiedCopies CompareTiedCopies(
    absl::Span<const std::unique_ptr<ParameterSlot>> slots,
    const NameMap& name_map, const LoadPlan& plan, const Arena& arena);

// Gives the memory of second copies back, once no slot has its storage there.
void DiscardCopies(absl::Span<const std::unique_ptr<ParameterSlot>> slots,
                   absl::Span<const SlotTie> copies, const LoadPlan& plan,
                   Arena& arena);

}  // namespace transformerd
