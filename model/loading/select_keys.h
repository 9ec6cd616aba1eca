// Which keys of a checkpoint count, and under which names.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/named_entry.h"

namespace transformerd {

struct SelectKeysOptions {
  // Cut off every name that begins with it; names without it stay as they are.
  // A plain prefix: no dot is implied. Empty: none.
  std::string strip_prefix;
  // Regular expressions, anchored at the start of the whole key; keys that one
  // of them matches are dropped.
  std::vector<std::string> ignore;
  // Whether a prefix or an expression that is never used is an error.
  bool strict = true;
};

struct SelectedKeys {
  std::vector<NamedEntry> keys;      // in the order of the file; names differ
  std::vector<std::string> ignored;  // whole keys, sorted
  // Expressions that dropped nothing; a key counts for the first that matches.
  std::vector<std::string> unused_expressions;
};

// Where two keys become equal by stripping, the later one of the file stays.
//
// Errors, all INVALID_ARGUMENT with the option as field: an expression that is
// none, a key that is nothing but the prefix, and, if strict, the prefix or the
// first expression that was never used.
absl::StatusOr<SelectedKeys> SelectKeys(
    absl::Span<const CheckpointEntry> entries,
    const SelectKeysOptions& options);

}  // namespace transformerd
