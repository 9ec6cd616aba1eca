#include "model/reference/tensors.h"

#include <ATen/ops/from_blob.h>

#include <cstring>
#include <limits>

#include "glog/logging.h"

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
  return at::from_blob(slot.storage(), sizes, ScalarTypeOf(slot.dtype()));
}

at::Tensor TensorOf(absl::Span<const int64_t> values) {
  // from_blob wants a mutable pointer; index tensors are only read.
  return at::from_blob(const_cast<int64_t*>(values.data()),
                       {static_cast<int64_t>(values.size())}, at::kLong);
}

at::Tensor TensorOf(absl::Span<const float> values, int64_t width) {
  return at::from_blob(const_cast<float*>(values.data()),
                       {static_cast<int64_t>(values.size()) / width, width},
                       at::kFloat);
}

HostTensor ToHostTensor(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.to(at::kFloat).contiguous();
  HostTensor host;
  host.dtype = DType::kF32;
  host.shape.assign(dense.sizes().begin(), dense.sizes().end());
  host.bytes.assign(static_cast<const char*>(dense.const_data_ptr()),
                    dense.nbytes());
  return host;
}

}  // namespace transformerd
