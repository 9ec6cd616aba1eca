#include "model/reference/tensors.h"

#include <ATen/ops/from_blob.h>
#include <c10/core/TensorOptions.h>

#include <limits>

#include "glog/logging.h"
#include "model/reference/tensor_block.h"

namespace transformerd {

at::ScalarType ScalarTypeOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return at::kFloat;
    case DType::kF64:
      return at::kDouble;
    case DType::kF16:
      return at::kHalf;
    case DType::kBF16:
      return at::kBFloat16;
    default:
      LOG(FATAL) << "no parameter has dtype " << NameOf(dtype);
  }
}

at::Device AtDeviceOf(const Device& device) {
  switch (device.kind) {
    case DeviceKind::kCpu:
      return at::Device(at::kCPU);
    case DeviceKind::kCuda:
      return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index));
  }
  LOG(FATAL) << "no device " << static_cast<int>(device.kind);
}

double LowestOf(at::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return std::numeric_limits<at::BFloat16>::lowest();
    case at::kHalf:
      return std::numeric_limits<at::Half>::lowest() / 2;
    case at::kDouble:
      return std::numeric_limits<double>::lowest();
    default:
      return std::numeric_limits<float>::lowest();
  }
}

at::Tensor TensorOf(const ParameterSlot& slot) {
  CHECK(slot.is_filled()) << slot.name();
  const at::IntArrayRef sizes(slot.shape().data(), slot.shape().size());
  const at::Device device = AtDeviceOf(slot.device());
  return at::for_blob(slot.storage(), sizes)
      .options(at::TensorOptions(ScalarTypeOf(slot.dtype())).device(device))
      .target_device(device)
      .make_tensor();
}

at::Tensor TensorOf(absl::Span<const int64_t> values) {
  // from_blob wants a mutable pointer; index tensors are only read.
  return at::from_blob(const_cast<int64_t*>(values.data()),
                       {static_cast<int64_t>(values.size())}, at::kLong);
}

at::Tensor CopyOf(absl::Span<const int64_t> values) {
  return TensorOf(values).clone();
}

at::Tensor TensorOf(absl::Span<const float> values, int64_t width) {
  return at::from_blob(const_cast<float*>(values.data()),
                       {static_cast<int64_t>(values.size()) / width, width},
                       at::kFloat);
}

std::vector<at::Tensor> ToDevice(const std::vector<at::Tensor>& host,
                                 at::Device device) {
  if (device.is_cpu()) return host;
  std::vector<TensorBlock::Spec> specs;
  for (const at::Tensor& tensor : host) {
    specs.push_back({tensor.scalar_type(), tensor.sizes().vec()});
  }
  TensorBlock block(specs, device);
  for (size_t i = 0; i < host.size(); ++i) block.host()[i].copy_(host[i]);
  block.Send();
  return block.there();
}

at::Tensor ToDevice(const at::Tensor& host, at::Device device) {
  return ToDevice(std::vector<at::Tensor>{host}, device).front();
}

}  // namespace transformerd
