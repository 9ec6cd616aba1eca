#include "model/kernels/make_kernels.h"
#include "model/kernels/tables.h"
#include "model/kernels/vectors_avx512.h"

namespace transformerd::kernels {

constexpr Kernels kAvx512Float32 = MakeKernels<Avx512, Float32>();
constexpr Kernels kAvx512BFloat16 = MakeKernels<Avx512, BFloat16>();

}  // namespace transformerd::kernels
