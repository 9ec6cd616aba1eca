// The kernels of each instruction set; for kernels.cc alone.
#pragma once

#include "model/kernels/kernels.h"

namespace transformerd::kernels {

extern const Kernels kAvx2Float32, kAvx2BFloat16;
extern const Kernels kAvx512Float32, kAvx512BFloat16;
extern const Kernels kAvx512VnniFloat32, kAvx512VnniBFloat16;
extern const Kernels kAvx512Bf16BFloat16;
extern const Kernels kAmxBFloat16;

}  // namespace transformerd::kernels
