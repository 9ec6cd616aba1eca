// How many cores this process can keep busy.
#pragma once

#include <string>

namespace transformerd {

// Those that it may run on, but no more than the quotas of its control groups
// pay for, rounded up; at least 1. Files are looked up under `root`, for tests.
int UsableCores(const std::string& root = "");

}  // namespace transformerd
