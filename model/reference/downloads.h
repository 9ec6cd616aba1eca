// Outputs on their way from a device to host memory.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "model/base/host_tensor.h"

namespace transformerd {

// Copies start as soon as a tensor is there and go on beside what the device
// computes next; the host waits once, for all of them. Not thread-safe.
class Downloads {
 public:
  explicit Downloads(size_t size) : outputs_(size) {}

  // Output `index` is a float32 copy of `tensor`. All are computed on the
  // current stream of one device.
  void Start(size_t index, const at::Tensor& tensor);

  // All outputs, empty where none was started. c10::Error where the device
  // failed at what it was to compute.
  std::vector<HostTensor> Take() &&;

 private:
  std::vector<HostTensor> outputs_;
  // Not there yet: index and place of each.
  std::vector<std::pair<size_t, at::Tensor>> under_way_;
  at::Device device_ = at::kCPU;  // that they come from
};

}  // namespace transformerd
