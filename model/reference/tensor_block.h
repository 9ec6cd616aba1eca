// Tensors of host memory on their way to a device, together.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <cstdint>
#include <vector>

namespace transformerd {

// One block of pinned memory and one of the device, in which the same tensors
// lie behind each other. Not thread-safe.
class TensorBlock {
 public:
  struct Spec {
    at::ScalarType dtype;
    std::vector<int64_t> sizes;
  };

  // Neither side is initialised. `device` is not the CPU.
  TensorBlock(const std::vector<Spec>& specs, at::Device device);

  // The tensors of each side, in the order of the specs. Whoever keeps one
  // keeps its block.
  const std::vector<at::Tensor>& host() const { return host_; }
  const std::vector<at::Tensor>& there() const { return there_; }

  // Copies all of them on the current stream. Neither the host nor the device
  // is waited for: the host's stay as they are until the stream has come by.
  void Send();

 private:
  at::Tensor host_block_, device_block_;
  std::vector<at::Tensor> host_, there_;
};

}  // namespace transformerd
