// Which tensor of a checkpoint fills which slot of a model.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/config/architecture.h"
#include "model/families/family.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

enum class SlotSource {
  kEntry,    // a tensor of the checkpoint
  kTied,     // the storage of another slot
  kLeftOut,  // nothing: the whole optional group is absent
  kMissing,  // the checkpoint lacks it
};

struct SlotMapping {
  SlotSource source = SlotSource::kMissing;
  // Of the entry for kEntry, of the other slot for kTied.
  int index = -1;
  // The slot's name in the file; for others than kEntry the name that the file
  // would need.
  std::string key;
};

// Pure: made from names alone, without looking at dtypes, shapes or bytes.
// Immutable by use. All lists are sorted.
struct NameMap {
  // Keys of the base model stand under the family's prefix if any key of the
  // file begins with it, else they are bare; keys of heads are whole.
  // `ignore` holds regular expressions, anchored at the start; keys that match
  // are treated as absent. Time is linear in slots and entries.
  //
  // Errors: INVALID_ARGUMENT with field "ignore" for a bad expression;
  // INTERNAL where the family's rules and the slots contradict each other.
  static absl::StatusOr<NameMap> Create(
      const Family& family, const Architecture& architecture,
      absl::Span<const std::unique_ptr<ParameterSlot>> slots,
      absl::Span<const CheckpointEntry> entries,
      absl::Span<const std::string> ignore);

  std::vector<SlotMapping> slots;  // one a slot, in the slots' order
  std::vector<std::string> missing;
  // Keys that no part of the family knows.
  std::vector<std::string> unexpected;
  // Keys of other heads, buffers and the like: known, and left unread.
  std::vector<std::string> unused;
  std::vector<std::string> ignored;
  // For people: what was left out, which expression matched nothing.
  std::vector<std::string> warnings;
};

}  // namespace transformerd
