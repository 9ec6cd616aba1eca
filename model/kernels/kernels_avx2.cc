#include "model/kernels/make_kernels.h"
#include "model/kernels/tables.h"
#include "model/kernels/vectors_avx2.h"

namespace transformerd::kernels {

constexpr Kernels kAvx2Float32 = MakeKernels<Avx2, Float32>();
constexpr Kernels kAvx2BFloat16 = MakeKernels<Avx2, BFloat16>();

}  // namespace transformerd::kernels
