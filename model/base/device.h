// Where a worker computes.
#pragma once

#include <optional>
#include <string>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class DeviceKind { kCpu, kCuda };

// By default the CPU, of which there is one.
struct Device {
  DeviceKind kind = DeviceKind::kCpu;
  int index = 0;

  bool is_cpu() const { return kind == DeviceKind::kCpu; }
};

inline bool operator==(const Device& a, const Device& b) {
  return a.kind == b.kind && a.index == b.index;
}

// "cpu", "cuda:1".
std::string NameOf(const Device& device);
// Nothing for another name.
std::optional<Device> DeviceFromName(absl::string_view name);

}  // namespace transformerd
