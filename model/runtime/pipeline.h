// Modules of AllenNLP's toolkit one behind the other, as one module.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/config/architecture.h"
#include "model/runtime/signature.h"
#include "model/runtime/tensor_executor.h"

namespace transformerd {

// What each module takes and where it comes from. Immutable by use.
struct Pipeline {
  // Stands for the first output of the part before.
  static constexpr int kFromBefore = -1;

  struct Part {
    Signature signature;
    // For each of its inputs, which one of the pipeline it is.
    std::vector<int> inputs;
  };
  struct Output {
    int part = 0;
    int output = 0;  // of that part's signature
  };

  // Inputs are those of the first part, one attention_mask for all parts that
  // take one, and what else later ones take, as "parts.<i>.<name>". Outputs are
  // those of the last part, and those of others, as "parts.<i>.<name>", on
  // request.
  Signature signature;
  std::vector<Part> parts;
  std::vector<Output> outputs;  // one for each of the signature's
};

// A part's first output must be what the next one takes as hidden_states: else
// FAILED_PRECONDITION with both parts and their shapes. `titles` are what
// messages call the parts, which must be modules of the toolkit (CHECK).
absl::StatusOr<Pipeline> MakePipeline(absl::Span<const Architecture> parts,
                                      absl::Span<const std::string> titles);

// Makes the executor of one part, which keeps a reference to the signature.
using MakePartExecutor = std::function<std::unique_ptr<TensorExecutor>(
    int part, const Signature& signature)>;

// Runs the parts that a request needs, from the first on.
std::unique_ptr<TensorExecutor> MakePipelineExecutor(
    std::shared_ptr<const Pipeline> pipeline,
    const MakePartExecutor& make_executor);

}  // namespace transformerd
