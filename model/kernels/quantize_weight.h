// Weights on their way into int8.
#pragma once

#include <cstddef>

#include "model/kernels/pack.h"

namespace transformerd::kernels {

// Replaces the plain weight in `storage` by the packed one of I8 (see
// layout.h); `storage` holds PackedBytes(..., kI8), or the bytes of the plain
// weight where these are more.
//
// Each output has a scale of its own, its largest magnitude / 127: q are the
// nearest whole numbers, from -127 to 127. The scale is NaN where a weight of
// the output is not finite.
//
// Memory beside `storage` is that of one block, of [in, out] that of the whole
// weight.
void QuantizeInPlace(const PlainWeight& weight, std::byte* storage);

}  // namespace transformerd::kernels
