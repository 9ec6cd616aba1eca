#include "model/kernels/make_kernels.h"
#include "model/kernels/tables.h"
#include "model/kernels/vectors_avx512vnni.h"

namespace transformerd::kernels {

constexpr Kernels kAvx512VnniFloat32 = MakeKernels<Avx512Vnni, Float32>();
constexpr Kernels kAvx512VnniBFloat16 = MakeKernels<Avx512Vnni, BFloat16>();

}  // namespace transformerd::kernels
