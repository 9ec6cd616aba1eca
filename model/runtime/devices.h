// Which devices a list of names stands for.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/device.h"

namespace transformerd {

// One device a worker: "cpu" and "cuda:1" are what they say, "cuda" is every
// GPU, and "auto", alone, too, or the CPU where there is none. `num_gpus` is
// how many are visible, at least one, or why none can be used.
//
// INVALID_ARGUMENT naming the device and what was expected for other names, for
// GPUs that are not there or named twice, and for GPUs beside CPUs.
absl::StatusOr<std::vector<Device>> ResolveDevices(
    absl::Span<const std::string> names, const absl::StatusOr<int>& num_gpus);

}  // namespace transformerd
