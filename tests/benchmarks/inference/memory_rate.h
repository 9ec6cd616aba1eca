// How fast cores read memory: what passes over few tokens wait for, as they
// take all weights through the caches for little work.
#pragma once

#include <vector>

#include "absl/time/time.h"

namespace transformerd {

// Bytes a second that each of `cores` threads reads, all at the same time and
// for about `time`, in order and from memory of its own that no cache holds.
std::vector<double> MeasureReadRates(int cores, absl::Duration time);

}  // namespace transformerd
