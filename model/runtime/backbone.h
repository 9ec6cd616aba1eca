// AllenNLP's pretrained-transformer backbone: a model of any family behind the
// names of its inputs and outputs.
#pragma once

#include <functional>
#include <memory>

#include "model/config/architecture.h"
#include "model/runtime/executor.h"
#include "model/runtime/signature.h"
#include "model/runtime/tensor_executor.h"

namespace transformerd {

// What the backbone of such a model takes and gives. `model` is the model's own
// signature.
Signature MakeBackboneSignature(const Signature& model);

// Makes the model's executor, which keeps a reference to the signature.
using MakeExecutor =
    std::function<std::unique_ptr<Executor>(const Signature& model)>;

// Runs a request as rows that are computed whole, padding as well. The
// references must outlive the executor.
std::unique_ptr<TensorExecutor> MakeBackboneExecutor(
    const Architecture& architecture, const Signature& backbone,
    Signature model, const MakeExecutor& make_executor);

}  // namespace transformerd
