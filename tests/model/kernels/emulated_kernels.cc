#include "tests/model/kernels/emulated_kernels.h"

#include "model/kernels/make_kernels.h"
#include "model/kernels/tiles.h"
#include "model/kernels/vectors_avx2.h"
#include "tests/model/kernels/emulated_tiles.h"

namespace transformerd::kernels {

constexpr Kernels kEmulatedAmxBFloat16 =
    MakeKernels<WithTiles<Avx2, EmulatedTiles>, BFloat16>();

}  // namespace transformerd::kernels
