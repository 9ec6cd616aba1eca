#include "model/reference/downloads.h"

#include <ATen/ops/empty.h>
#include <c10/core/TensorOptions.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <utility>

namespace transformerd {
namespace {

HostTensor CopyOf(const at::Tensor& host) {
  HostTensor copy;
  copy.shape.assign(host.sizes().begin(), host.sizes().end());
  copy.bytes.assign(static_cast<const char*>(host.const_data_ptr()),
                    host.nbytes());
  return copy;
}

}  // namespace

void Downloads::Start(size_t index, const at::Tensor& tensor) {
  const at::Tensor dense = tensor.to(at::kFloat).contiguous();
  if (dense.is_cpu()) {
    outputs_[index] = CopyOf(dense);
    return;
  }
  // Into pageable memory, each copy would wait for the device.
  const at::Tensor host = at::empty(
      dense.sizes(), at::TensorOptions(at::kFloat).pinned_memory(true));
  host.copy_(dense, /*non_blocking=*/true);
  under_way_.emplace_back(index, host);
  device_ = dense.device();
}

std::vector<HostTensor> Downloads::Take() && {
  if (!under_way_.empty()) {
    const c10::impl::VirtualGuardImpl backend(device_.type());
    backend.synchronizeStream(backend.getStream(device_));
  }
  for (const auto& [index, host] : under_way_) outputs_[index] = CopyOf(host);
  return std::move(outputs_);
}

}  // namespace transformerd
