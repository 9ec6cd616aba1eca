#include "model/base/host_tensor.h"

#include <cstring>
#include <optional>
#include <utility>

namespace transformerd {
namespace {

template <typename T>
HostTensor Make(DType dtype, Shape shape, absl::Span<const T> values) {
  HostTensor tensor(dtype, std::move(shape));
  CHECK_EQ(tensor.bytes.size(), values.size() * sizeof(T))
      << "shape " << ToString(tensor.shape);
  if (!values.empty()) {
    std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  }
  return tensor;
}

}  // namespace

HostTensor::HostTensor(DType dtype, Shape shape)
    : dtype(dtype), shape(std::move(shape)) {
  const std::optional<int64_t> size_bytes = SizeBytes(dtype, this->shape);
  CHECK(size_bytes.has_value())
      << NameOf(dtype) << ToString(this->shape) << " has no size";
  bytes.resize(*size_bytes);
}

HostTensor MakeTensor(Shape shape, absl::Span<const float> values) {
  return Make(DType::kF32, std::move(shape), values);
}

HostTensor MakeTensor(Shape shape, absl::Span<const int64_t> values) {
  return Make(DType::kI64, std::move(shape), values);
}

HostTensor MakeTensor(Shape shape, absl::Span<const int32_t> values) {
  return Make(DType::kI32, std::move(shape), values);
}

}  // namespace transformerd
