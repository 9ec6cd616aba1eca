// The elements of tensors as raw bytes: little-endian, row-major.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/base/dtype.h"
#include "model/base/host_tensor.h"
#include "model/base/shape.h"

namespace transformerd {

// INVALID_ARGUMENT where the number of bytes is not that of the shape, and for
// a BOOL that is neither 0 nor 1.
absl::StatusOr<HostTensor> TensorFromRaw(absl::string_view raw, DType dtype,
                                         Shape shape);

// BYTES: `count` times a length of 4 bytes and as many bytes. INVALID_ARGUMENT
// where an element is cut short or bytes are left over.
absl::StatusOr<std::vector<std::string>> StringsFromRaw(absl::string_view raw,
                                                        int64_t count);

}  // namespace transformerd
