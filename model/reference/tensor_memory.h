// Memory for weights on any device that LibTorch knows.
#pragma once

#include <memory>

#include "model/base/device.h"
#include "model/loading/device_memory.h"

namespace transformerd {

// Memory of `device` from LibTorch's allocator, which keeps what is given back
// to it for whoever asks next.
std::unique_ptr<DeviceMemory> MakeTensorMemory(const Device& device);

}  // namespace transformerd
