// Computes one model on one device.
#pragma once

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "model/runtime/packing.h"

namespace transformerd {

// Implementations hold no state between calls that changes results, but that on
// GPUs the last bits may depend on which sizes of batches came before. Not
// thread-safe: one call at a time; different executors run in parallel, also
// where they share weights.
class Executor {
 public:
  virtual ~Executor() = default;

  // Answers in the order of batch.outputs. The batch holds at least one
  // token; ids, but for kNoId, and positions lie within the model's tables.
  // Tokens with and without ids may be of one batch. Errors: INTERNAL, or
  // RESOURCE_EXHAUSTED where memory ran out.
  virtual absl::StatusOr<PackedOutputs> Run(const PackedBatch& batch) = 0;
};

// Puts something between a worker and its executor; may be empty.
using WrapExecutor = std::function<std::unique_ptr<Executor>(
    int worker, std::unique_ptr<Executor> executor)>;

}  // namespace transformerd
