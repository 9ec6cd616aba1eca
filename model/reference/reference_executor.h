// The engine that runs any model on ATen's operators. Other engines are tested
// against it.
#pragma once

#include <memory>

#include "model/base/device.h"
#include "model/config/architecture.h"
#include "model/config/pooling.h"
#include "model/modules/transformer.h"
#include "model/runtime/executor.h"
#include "model/runtime/signature.h"

namespace transformerd {

struct ReferenceExecutorOptions {
  PoolingKind pooling = PoolingKind::kNone;
  bool normalize = false;
  // Most threads that one call uses, small batches fewer; at least 1.
  int num_threads = 1;
  // Where the weights are.
  Device device;
  // Small batches on GPUs are launched as graphs.
  bool cuda_graphs = true;
};

// Executors of several workers may share `transformer`, whose slots must be
// filled and, like the other references, outlive the executor.
std::unique_ptr<Executor> MakeReferenceExecutor(
    const Architecture& architecture, const Transformer& transformer,
    const Signature& signature, const ReferenceExecutorOptions& options);

}  // namespace transformerd
