// Memory of a device that weights are loaded into.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace transformerd {

// One replica's weights outside of host memory, in one range as in an Arena.
// Given back by the destructor. Used by one thread at a time.
class DeviceMemory {
 public:
  virtual ~DeviceMemory() = default;

  // Once, before all else. RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT where
  // the device has not got that much. A size of 0 is allowed.
  virtual absl::Status Allocate(int64_t size_bytes) = 0;

  // Addresses of the device, which the host must not follow; a transport
  // between devices does.
  virtual absl::Span<std::byte> bytes() const = 0;

  // Copies to [offset_bytes, offset_bytes + bytes.size()), which must lie
  // inside, and returns when it is done. INTERNAL where the device fails.
  virtual absl::Status Write(int64_t offset_bytes,
                             absl::Span<const std::byte> bytes) = 0;
};

}  // namespace transformerd
