// How much memory the system can still give this process.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace transformerd {

struct AvailableMemory {
  int64_t bytes = 0;
  // What sets the bound: "MemAvailable" or "cgroup".
  std::string bound;
};

// The least of what the machine has and what the control groups of the process
// and their parents leave (version 1 or 2; page cache that can be dropped
// counts as free). UNAVAILABLE where the system tells neither. Files are looked
// up under `root`, for tests.
absl::StatusOr<AvailableMemory> ReadAvailableMemory(
    const std::string& root = "");

}  // namespace transformerd
