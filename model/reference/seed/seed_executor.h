// The engine that runs modules of AllenNLP's toolkit on ATen's operators.
#pragma once

#include <memory>

#include "model/modules/transformer.h"
#include "model/runtime/signature.h"
#include "model/runtime/tensor_executor.h"

namespace transformerd {

// Executors of several workers may share `transformer`, which must be such a
// module with filled slots, and, like `signature`, outlive the executor. A call
// uses up to `num_threads` threads, at least 1.
std::unique_ptr<TensorExecutor> MakeSeedExecutor(const Transformer& transformer,
                                                 const Signature& signature,
                                                 int num_threads);

}  // namespace transformerd
