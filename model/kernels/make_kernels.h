// The table of kernels that one instruction set gives. Included by one file for
// each set, which is compiled for it; nothing else may be.
#pragma once

#include "model/kernels/attention.h"
#include "model/kernels/heads.h"
#include "model/kernels/kernels.h"
#include "model/kernels/linear.h"
#include "model/kernels/quantize.h"
#include "model/kernels/rows.h"

namespace transformerd::kernels {

template <typename V, typename E>
constexpr Kernels MakeKernels() {
  Kernels kernels;
  kernels.linear = RunLinear<V, E, E>;
  kernels.linear_int8 = RunLinear<V, E, Int8>;
  kernels.quantize = RunQuantize<V, E>;
  kernels.norm = RunNorm<V, E>;
  kernels.pack = RunPack<V, E>;
  kernels.embed = RunEmbed<V, E>;
  kernels.prepare_heads = RunPrepareHeads<V, E>;
  kernels.attend = RunAttend<V, E>;
  return kernels;
}

}  // namespace transformerd::kernels
