// Conversion of parameters between floating-point types.
#pragma once

#include <cstddef>

#include "absl/types/span.h"
#include "model/base/dtype.h"

namespace transformerd {

// True for different types: from F16, BF16, F32, F64 or any float of 8 bits, to
// one of the first four.
bool CanCast(DType from, DType to);

// Converts dense elements; `in` and `out` hold the same number of them (CHECK),
// need no alignment and must not overlap. Rounds to nearest, ties to even; what
// is too large becomes infinite. Like PyTorch, F64 becomes F16 or BF16 by way
// of F32. CanCast(from, to) must hold (CHECK).
void Cast(DType from, absl::Span<const std::byte> in, DType to,
          absl::Span<std::byte> out);

}  // namespace transformerd
