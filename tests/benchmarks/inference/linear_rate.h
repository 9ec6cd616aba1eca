// How fast the kernel of linears is by itself: with weights that the caches
// hold, and with those that come from memory.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "model/base/dtype.h"

namespace transformerd {

// x W^T + b of `rows` rows x [inputs], for one W [outputs, inputs] after the
// other.
struct LinearShape {
  DType dtype = DType::kF32;  // F32 or BF16
  int64_t rows = 0, inputs = 0, outputs = 0;
  int64_t weights = 1;
};

// Floating-point operations a second of CPU time, again and again for about
// `time`, with the fastest kernels that this processor has; each number is of
// all weights, or of one several times.
std::vector<double> MeasureLinear(const LinearShape& shape,
                                  absl::Duration time);

}  // namespace transformerd
