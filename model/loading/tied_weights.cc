#include "model/loading/tied_weights.h"

#include <cstdint>
#include <cstring>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/quoted.h"

namespace transformerd {
namespace {

using Slots = absl::Span<const std::unique_ptr<ParameterSlot>>;

// Slots that may be tied to one another, but have a tensor each.
std::vector<SlotTie> FindCopies(Slots slots, const NameMap& name_map) {
  absl::flat_hash_map<absl::string_view, int> slot_of_name;
  for (int slot = 0; slot < static_cast<int>(slots.size()); ++slot) {
    slot_of_name.emplace(slots[slot]->name(), slot);
  }
  std::vector<SlotTie> copies;
  for (int slot = 0; slot < static_cast<int>(slots.size()); ++slot) {
    if (slots[slot]->tied_to().empty()) continue;
    const int target = slot_of_name.at(slots[slot]->tied_to());
    if (name_map.slots[slot].source == SlotSource::kEntry &&
        name_map.slots[target].source == SlotSource::kEntry) {
      copies.push_back({slot, target});
    }
  }
  return copies;
}

bool AreSameBytes(const CheckpointEntry& a, const CheckpointEntry& b) {
  return a.file == b.file && a.offset_bytes == b.offset_bytes &&
         a.dtype == b.dtype && a.shape == b.shape && a.strides == b.strides;
}

bool HoldSameBytes(Slots slots, const SlotTie& tie, const LoadPlan& plan,
                   const Arena& arena) {
  const ParameterSlot& a = *slots[tie.slot];
  const ParameterSlot& b = *slots[tie.target];
  if (a.dtype() != b.dtype() || a.shape() != b.shape()) return false;
  const int64_t size_bytes = a.size_bytes();
  const auto storage = [&](int slot) {
    return arena.Range(*plan.slot_offsets()[slot], size_bytes).data();
  };
  return std::memcmp(storage(tie.slot), storage(tie.target), size_bytes) == 0;
}

}  // namespace

void TieSharedTensors(Slots slots, absl::Span<const CheckpointEntry> entries,
                      NameMap& name_map) {
  for (const SlotTie& tie : FindCopies(slots, name_map)) {
    SlotMapping& mapping = name_map.slots[tie.slot];
    const SlotMapping& original = name_map.slots[tie.target];
    if (!AreSameBytes(entries[mapping.index], entries[original.index])) {
      continue;
    }
    name_map.unused.push_back(mapping.key);
    mapping.source = SlotSource::kTied;
    mapping.index = tie.target;
  }
  absl::c_sort(name_map.unused);
}

TiedCopies CompareTiedCopies(Slots slots, const NameMap& name_map,
                             const LoadPlan& plan, const Arena& arena) {
  TiedCopies copies;
  for (const SlotTie& tie : FindCopies(slots, name_map)) {
    if (HoldSameBytes(slots, tie, plan, arena)) {
      copies.equal.push_back(tie);
    } else {
      copies.warnings.push_back(
          absl::StrCat(Quoted(name_map.slots[tie.slot].key), " and ",
                       Quoted(name_map.slots[tie.target].key),
                       " would be tied, but have different values: each is "
                       "loaded"));
    }
  }
  return copies;
}

void DiscardCopies(Slots slots, absl::Span<const SlotTie> copies,
                   const LoadPlan& plan, Arena& arena) {
  for (const SlotTie& copy : copies) {
    arena.Discard(*plan.slot_offsets()[copy.slot],
                  slots[copy.slot]->size_bytes());
  }
}

}  // namespace transformerd
