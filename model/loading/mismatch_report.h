// Everything that keeps a checkpoint from fitting an architecture, in one
// Status.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace transformerd {

// A key that is there, with a tensor that does not fit.
struct Misfit {
  std::string key;
  std::string file;   // what the file has: "[2,384]" or "I64"
  std::string model;  // what the model needs
};

struct MismatchReport {
  std::string architecture;  // "BertModel"
  // Names as the file has them or would need them, sorted.
  std::vector<std::string> missing, unexpected;
  std::vector<Misfit> shapes, dtypes;  // sorted by key
  // Where hints come from: tensors of the file that fill no slot, and the keys
  // of all parameters of the model.
  std::vector<std::string> unclaimed_keys, model_keys;

  bool is_empty() const {
    return missing.empty() && unexpected.empty() && shapes.empty() &&
           dtypes.empty();
  }
};

// OK for a report without mismatches. Else FAILED_PRECONDITION: the message has
// the count of each kind and its first keys, with the nearest name as a hint,
// at most ten and as many as fit a message that every client lets through; the
// full report attached to the Status has all keys. The reason is the first kind
// there is, in the order missing, unexpected, shape, dtype.
absl::Status ToStatus(const MismatchReport& report);

}  // namespace transformerd
