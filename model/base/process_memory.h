// What this process has in memory.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"

namespace transformerd {

// Bytes of physical memory in use by the process, shared pages included.
// UNAVAILABLE where the system does not tell.
absl::StatusOr<int64_t> ResidentBytes();

}  // namespace transformerd
