// The kernels for a matrix unit, on an emulated one.
#pragma once

#include "model/kernels/kernels.h"

namespace transformerd::kernels {

// For BF16; needs AVX2. All but the instructions of AMX themselves is what
// processors that have them run.
extern const Kernels kEmulatedAmxBFloat16;

}  // namespace transformerd::kernels
