// The extents of a tensor, and size arithmetic that cannot overflow.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/inlined_vector.h"
#include "model/base/dtype.h"

namespace transformerd {

// Extents from the outermost to the innermost dimension; empty for a scalar.
// In tensors every extent is >= 0; in signatures -1 stands for "any".
using Shape = absl::InlinedVector<int64_t, 4>;

// Sum and product of non-negative numbers; nothing where they exceed int64.
std::optional<int64_t> CheckedAdd(int64_t a, int64_t b);
std::optional<int64_t> CheckedMultiply(int64_t a, int64_t b);

// The product of all extents (1 for a scalar); nothing for a negative extent
// or where a product of extents exceeds int64.
std::optional<int64_t> NumElements(const Shape& shape);

// Bytes of a dense tensor; nothing on overflow, and for sub-byte dtypes where
// the bits do not fill whole bytes.
std::optional<int64_t> SizeBytes(DType dtype, const Shape& shape);

// "[2,384]"; "[]" for a scalar.
std::string ToString(const Shape& shape);

}  // namespace transformerd
