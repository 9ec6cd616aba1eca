#include "model/kernels/make_kernels.h"
#include "model/kernels/tables.h"
#include "model/kernels/vectors_avx512bf16.h"

namespace transformerd::kernels {

constexpr Kernels kAvx512Bf16BFloat16 = MakeKernels<Avx512Bf16, BFloat16>();

}  // namespace transformerd::kernels
