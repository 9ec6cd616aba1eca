#include "model/reference/tensor_block.h"

#include <ATen/ops/empty.h>
#include <c10/core/ScalarType.h>
#include <c10/core/TensorOptions.h>

#include <cstddef>

namespace transformerd {
namespace {

// To where a tensor of any dtype may begin, and vectors of it.
int64_t RoundedUp(int64_t bytes) {
  constexpr int64_t kAlignment = 16;
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

int64_t BytesOf(const TensorBlock::Spec& spec) {
  auto bytes = static_cast<int64_t>(c10::elementSize(spec.dtype));
  for (const int64_t size : spec.sizes) bytes *= size;
  return bytes;
}

std::vector<at::Tensor> ViewsOf(const at::Tensor& block,
                                const std::vector<TensorBlock::Spec>& specs) {
  std::vector<at::Tensor> views;
  int64_t offset = 0;
  for (const TensorBlock::Spec& spec : specs) {
    const int64_t bytes = BytesOf(spec);
    views.push_back(
        block.narrow(0, offset, bytes).view(spec.dtype).view(spec.sizes));
    offset += RoundedUp(bytes);
  }
  return views;
}

}  // namespace

TensorBlock::TensorBlock(const std::vector<Spec>& specs, at::Device device) {
  int64_t bytes = 0;
  for (const Spec& spec : specs) bytes += RoundedUp(BytesOf(spec));
  // Out of pageable memory, a copy waits for all that the device has to do.
  host_block_ =
      at::empty({bytes}, at::TensorOptions(at::kByte).pinned_memory(true));
  device_block_ =
      at::empty({bytes}, at::TensorOptions(at::kByte).device(device));
  host_ = ViewsOf(host_block_, specs);
  there_ = ViewsOf(device_block_, specs);
}

void TensorBlock::Send() {
  device_block_.copy_(host_block_, /*non_blocking=*/true);
}

}  // namespace transformerd
