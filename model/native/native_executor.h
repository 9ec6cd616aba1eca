// The engine of hand-written kernels, for processors with AVX2 and later.
#pragma once

#include <memory>

#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/kernels/instruction_set.h"
#include "model/modules/transformer.h"
#include "model/native/weights.h"
#include "model/runtime/executor.h"
#include "model/runtime/signature.h"

namespace transformerd {

struct NativeExecutorOptions {
  kernels::InstructionSet instructions = kernels::InstructionSet::kAvx2;
  PoolingKind pooling = PoolingKind::kNone;
  bool normalize = false;
  // Most threads that one call uses, small batches fewer; at least 1.
  int num_threads = 1;
};

// For architectures that WhyNotNative has nothing against. Executors of several
// workers may share `weights`, which like the other references must outlive the
// executor. A row's answer is the same bit for bit whatever else is in the
// batch and however many threads there are.
std::unique_ptr<Executor> MakeNativeExecutor(
    const Architecture& architecture, const NativeWeights& weights, DType dtype,
    const Signature& signature, const NativeExecutorOptions& options);

}  // namespace transformerd
