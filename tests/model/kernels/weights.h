// Weights as the kernels take them.
#pragma once

#include <cstddef>
#include <vector>

#include "model/base/dtype.h"
#include "tests/model/kernels/matrix.h"

namespace transformerd::kernels {

// Of F32 or BF16.
std::vector<std::byte> PlainBytes(DType dtype,
                                  const std::vector<double>& values);
// Packed, from [out, in].
std::vector<std::byte> Packed(DType dtype, const Matrix& weight);
// Of I8, packed from numbers of `dtype`.
std::vector<std::byte> Quantized(DType dtype, const Matrix& weight);
// Float32 with zeros behind them up to a whole vector.
std::vector<float> PaddedFloats(const std::vector<double>& values);

}  // namespace transformerd::kernels
