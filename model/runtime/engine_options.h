// Which engine is asked to compute models.
#pragma once

#include <optional>

#include "absl/strings/string_view.h"

namespace transformerd {

enum class EngineKind {
  kAuto,       // native where it runs the model, else reference
  kReference,  // over LibTorch's operators, any model
  kNative,     // hand-written kernels
};

// "auto", "reference", "native".
absl::string_view NameOf(EngineKind kind);
// Nothing for another name.
std::optional<EngineKind> EngineKindFromName(absl::string_view name);

struct EngineOptions {
  EngineKind kind = EngineKind::kAuto;
  // Answers must be bit-equal whatever else is in a batch.
  bool deterministic = false;
  // Small batches on GPUs are launched as CUDA graphs.
  bool cuda_graphs = true;
};

}  // namespace transformerd
