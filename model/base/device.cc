#include "model/base/device.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace transformerd {

std::string NameOf(const Device& device) {
  return device.is_cpu() ? "cpu" : absl::StrCat("cuda:", device.index);
}

std::optional<Device> DeviceFromName(absl::string_view name) {
  if (name == "cpu") return Device();
  Device device;
  device.kind = DeviceKind::kCuda;
  absl::string_view index = name;
  const bool is_index = absl::ConsumePrefix(&index, "cuda:") &&
                        absl::SimpleAtoi(index, &device.index);
  // Numbers have one spelling: no sign, no space and no zeros before them.
  if (!is_index || NameOf(device) != name || device.index < 0) {
    return std::nullopt;
  }
  return device;
}

}  // namespace transformerd
