// Whether GPUs have room for the weights of a load.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/base/device.h"

namespace transformerd {

// By the names of devices.
using DeviceBytes = std::map<std::string, int64_t>;

// The most bytes that weights may take of each of the GPUs now; without those
// that do not say, and without the CPU, whose memory is asked for elsewhere.
DeviceBytes FreeBytesOf(absl::Span<const Device> devices);

// RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT and both numbers where one of
// the devices has fewer bytes than are needed of it. One that is not among
// `free` has enough.
absl::Status CheckRoom(const DeviceBytes& needed, const DeviceBytes& free);

}  // namespace transformerd
