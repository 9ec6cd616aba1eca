// Computes one module that takes whole tensors, on one device.
#pragma once

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"

namespace transformerd {

// As Executor: no state between calls that changes results, one call at a time.
class TensorExecutor {
 public:
  virtual ~TensorExecutor() = default;

  // Answers in the order of input.outputs. The tensors have shapes and values
  // that the signature allows. Errors: INTERNAL, or RESOURCE_EXHAUSTED where
  // memory ran out.
  virtual absl::StatusOr<InferenceOutput> Run(const InferenceInput& input) = 0;
};

}  // namespace transformerd
