#include "model/kernels/make_kernels.h"
#include "model/kernels/tables.h"
#include "model/kernels/tiles.h"
#include "model/kernels/tiles_amx.h"
#include "model/kernels/vectors_avx512bf16.h"

namespace transformerd::kernels {

constexpr Kernels kAmxBFloat16 =
    MakeKernels<WithTiles<Avx512Bf16, AmxTiles>, BFloat16>();

}  // namespace transformerd::kernels
