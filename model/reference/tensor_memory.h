// Memory for weights on any device that LibTorch knows.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "model/base/device.h"
#include "model/loading/device_memory.h"

namespace transformerd {

// Memory of `device` from LibTorch's allocator, which keeps what is given back
// to it for whoever asks next.
std::unique_ptr<DeviceMemory> MakeTensorMemory(const Device& device);

// The most bytes of `device`, which is not the CPU, that an Allocate may get
// now: what nobody has, and what the allocator keeps. It may be in pieces, or
// gone a moment later, and graphs of captured passes keep some for themselves.
// INTERNAL where the device does not say.
absl::StatusOr<int64_t> FreeMemoryOf(const Device& device);

}  // namespace transformerd
