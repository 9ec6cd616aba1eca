// The engine that runs modules of AllenNLP's toolkit on ATen's operators.
#pragma once

#include <memory>

#include "model/base/device.h"
#include "model/config/seed_recipe.h"
#include "model/modules/seed/seed_modules.h"
#include "model/modules/transformer.h"
#include "model/runtime/signature.h"
#include "model/runtime/tensor_executor.h"

namespace transformerd {

// Runs `module`, which was built from `recipe` and is all of `transformer` or a
// part of it. Executors of several workers may share these, which must be
// filled on `device` and, like the other references, outlive the executor. A
// call uses up to `num_threads` threads, at least 1.
//
// Attention over padded rows holds its scores whole: a request for more of them
// than memory can have is RESOURCE_EXHAUSTED with the numbers.
std::unique_ptr<TensorExecutor> MakeSeedExecutor(const SeedRecipe& recipe,
                                                 const SeedModule& module,
                                                 const Transformer& transformer,
                                                 const Signature& signature,
                                                 int num_threads,
                                                 const Device& device);

}  // namespace transformerd
