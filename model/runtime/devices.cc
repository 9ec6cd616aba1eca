#include "model/runtime/devices.h"

#include <optional>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr char kAuto[] = "auto";
constexpr char kAllGpus[] = "cuda";

absl::Status Refuse(const std::string& name, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("device ", Quoted(name), why));
}

std::vector<Device> AllGpus(int num_gpus) {
  std::vector<Device> gpus;
  for (int index = 0; index < num_gpus; ++index) {
    gpus.push_back({DeviceKind::kCuda, index});
  }
  return gpus;
}

absl::Status CheckGpu(const std::string& name, const Device& gpu,
                      const absl::StatusOr<int>& num_gpus) {
  if (!num_gpus.ok()) {
    return Refuse(name, absl::StrCat(": ", num_gpus.status().message(),
                                     ", expected \"cpu\""));
  }
  if (gpu.index < *num_gpus) return absl::OkStatus();
  return Refuse(name, absl::StrCat(": ", *num_gpus,
                                   " GPUs are visible to this process, "
                                   "expected at most \"cuda:",
                                   *num_gpus - 1, "\""));
}

// What one name of a list stands for.
absl::StatusOr<std::vector<Device>> DevicesOf(
    const std::string& name, const absl::StatusOr<int>& num_gpus) {
  if (name == kAllGpus) {
    RETURN_IF_ERROR(CheckGpu(name, {DeviceKind::kCuda, 0}, num_gpus));
    return AllGpus(*num_gpus);
  }
  const std::optional<Device> device = DeviceFromName(name);
  if (!device.has_value()) {
    return Refuse(name,
                  ", expected \"auto\", \"cpu\", \"cuda\" or such as "
                  "\"cuda:0\"");
  }
  if (!device->is_cpu()) RETURN_IF_ERROR(CheckGpu(name, *device, num_gpus));
  return std::vector<Device>{*device};
}

// Whether `device` may be a worker beside the others.
absl::Status CheckJoins(const std::string& name, const Device& device,
                        const std::vector<Device>& others) {
  if (others.empty()) return absl::OkStatus();
  if (device.is_cpu() != others.front().is_cpu()) {
    return Refuse(name,
                  ": workers on GPUs and on the CPU do not go together, "
                  "expected devices of one kind");
  }
  if (!device.is_cpu() && absl::c_linear_search(others, device)) {
    return Refuse(name,
                  absl::StrCat(": ", NameOf(device),
                               " is there twice, expected each GPU once"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<Device>> ResolveDevices(
    absl::Span<const std::string> names, const absl::StatusOr<int>& num_gpus) {
  if (names.size() == 1 && names.front() == kAuto) {
    if (!num_gpus.ok()) return std::vector<Device>{Device()};
    return AllGpus(*num_gpus);
  }
  std::vector<Device> devices;
  for (const std::string& name : names) {
    ASSIGN_OR_RETURN(const std::vector<Device> named,
                     DevicesOf(name, num_gpus));
    for (const Device& device : named) {
      RETURN_IF_ERROR(CheckJoins(name, device, devices));
      devices.push_back(device);
    }
  }
  return devices;
}

}  // namespace transformerd
