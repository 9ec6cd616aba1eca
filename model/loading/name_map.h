// Which tensor of a checkpoint fills which slot of a model.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/families/family.h"
#include "model/loading/renaming.h"
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

// How the names of a file come to those of the model, beyond what the family
// says. Names of the model are those that its class has where it comes from:
// Hugging Face's, or AllenNLP's for a bare module.
struct NameMapOptions {
  // Regular expressions, anchored at the start: keys that are treated as
  // absent. Nothing: those of the bare module.
  std::optional<std::vector<std::string>> ignore;
  // The first one that is found is cut off the keys, and what does not stand
  // under it is left unread. Empty: those of the bare module.
  std::vector<std::string> relevant_module;
  // The file was written by the bare module itself: where the caller says
  // nothing else, all of it is taken and nothing may be missing.
  bool is_own_checkpoint = false;
  // Over the bare module's own, at the top.
  std::vector<Renaming> mapping;
  // Regular expressions, anchored at the start: names of the model that may be
  // missing. Nothing: those of the bare module.
  std::optional<std::vector<std::string>> allow_missing;
};

// Pure: made from names alone, without looking at dtypes, shapes or bytes.
// Immutable by use. All lists are sorted, and hold names as the file has them
// or would have them.
struct NameMap {
  // Keys are ignored, cut to the relevant module and renamed, in this order.
  // Then keys of the base model stand under the family's prefix if any of them
  // begins with it, else they are bare; keys of heads are whole. Time is linear
  // in slots and entries, for each renaming.
  //
  // Errors: INVALID_ARGUMENT with the option as field for a bad expression;
  // INTERNAL where the family's rules and the slots contradict each other.
  static absl::StatusOr<NameMap> Create(
      const Family& family,
      absl::Span<const std::unique_ptr<ParameterSlot>> slots,
      absl::Span<const CheckpointEntry> entries, const NameMapOptions& options);

  // The map of a model that is to start without a checkpoint: every slot is
  // allowed to be missing.
  static NameMap WithoutCheckpoint(
      absl::Span<const std::unique_ptr<ParameterSlot>> slots);

  std::vector<SlotMapping> slots;  // one a slot, in the slots' order
  std::vector<std::string> missing;
  // Missing as well, but allowed to be.
  std::vector<std::string> allowed_missing;
  // Keys that no part of the family knows; of a bare module all that fill no
  // slot.
  std::vector<std::string> unexpected;
  // Keys of other heads, buffers and the like: known, and left unread.
  std::vector<std::string> unused;
  std::vector<std::string> ignored;
  // For people: what was left out, which expression matched nothing.
  std::vector<std::string> warnings;
  // The caller named relevant modules, and no key stands under any.
  bool lacks_relevant_module = false;
};

}  // namespace transformerd
