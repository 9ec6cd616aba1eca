// The elements of tensors in the typed fields of InferTensorContents.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/base/dtype.h"
#include "model/base/host_tensor.h"
#include "model/base/shape.h"
#include "proto/inference.pb.h"

namespace transformerd {

// True where any field holds elements.
bool HasElements(const inference::InferTensorContents& contents);

// A tensor of a dtype that the protocol has and a shape that does not overflow
// (CHECK). INVALID_ARGUMENT for
// elements in a field of another type, for more or fewer of them than the shape
// has, for values that the dtype cannot hold, and for 16-bit floats, which have
// no typed form.
absl::StatusOr<HostTensor> TensorFromContents(
    const inference::InferTensorContents& contents, DType dtype, Shape shape);

// The same for BYTES, with `count` elements.
absl::StatusOr<std::vector<std::string>> StringsFromContents(
    const inference::InferTensorContents& contents, int64_t count);

// Fills the field of the tensor's dtype, which the protocol must have (CHECK),
// and returns the dtype that it holds: FP32 for 16-bit floats.
DType TensorToContents(const HostTensor& tensor,
                       inference::InferTensorContents* contents);

}  // namespace transformerd
