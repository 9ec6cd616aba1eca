#include "model/runtime/device_room.h"

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/reference/tensor_memory.h"

namespace transformerd {

DeviceBytes FreeBytesOf(absl::Span<const Device> devices) {
  DeviceBytes free;
  for (const Device& device : devices) {
    if (device.is_cpu()) continue;
    const absl::StatusOr<int64_t> bytes = FreeMemoryOf(device);
    if (bytes.ok()) free[NameOf(device)] = *bytes;
  }
  return free;
}

absl::Status CheckRoom(const DeviceBytes& needed, const DeviceBytes& free) {
  for (const auto& [device, bytes] : needed) {
    const auto found = free.find(device);
    if (found == free.end() || bytes <= found->second) continue;
    return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                          "weights of ", bytes, " bytes on ", device, ": ",
                          found->second, " bytes are free there")),
                      Reason::kResourceLimit);
  }
  return absl::OkStatus();
}

}  // namespace transformerd
