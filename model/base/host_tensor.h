// A dense, row-major, little-endian tensor in host memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"

namespace transformerd {

// Owns its bytes. Copyable and movable; not thread-safe while written to.
struct HostTensor {
  HostTensor() = default;
  // A tensor of zeros. The size must not overflow (CHECK).
  HostTensor(DType dtype, Shape shape);

  // The elements as T, whose size must be the dtype's (CHECK).
  template <typename T>
  absl::Span<T> as() {
    CHECK_EQ(static_cast<int64_t>(sizeof(T)), BytesOf(dtype));
    return absl::MakeSpan(reinterpret_cast<T*>(bytes.data()),
                          bytes.size() / sizeof(T));
  }
  template <typename T>
  absl::Span<const T> as() const {
    CHECK_EQ(static_cast<int64_t>(sizeof(T)), BytesOf(dtype));
    return absl::MakeConstSpan(reinterpret_cast<const T*>(bytes.data()),
                               bytes.size() / sizeof(T));
  }

  DType dtype = DType::kF32;
  Shape shape = {0};
  // std::string, because that is what protobuf's `bytes` fields are: a tensor
  // moves into a response, and out of a request, without a copy.
  std::string bytes;
};

// Builds a tensor from values; T decides the dtype (float, int64_t, int32_t).
HostTensor MakeTensor(Shape shape, absl::Span<const float> values);
HostTensor MakeTensor(Shape shape, absl::Span<const int64_t> values);
HostTensor MakeTensor(Shape shape, absl::Span<const int32_t> values);

}  // namespace transformerd
