// The transports by name; a build may lack some.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class TransportKind {
  kInProcess,  // memory of this process
  kGloo,       // c10d over Gloo, by the loopback interface
  kNccl,       // c10d over NCCL, between GPUs
};

// "in_process", "gloo", "nccl".
absl::string_view NameOf(TransportKind kind);

// Nothing for another name.
std::optional<TransportKind> TransportKindFromName(absl::string_view name);

}  // namespace transformerd
