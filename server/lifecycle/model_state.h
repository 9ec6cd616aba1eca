// The life of one version of a model.
#pragma once

#include "absl/strings/string_view.h"

namespace transformerd {

//   kUnloaded -> kLoading -> kReady -> kDraining -> kUnloaded
//   kLoading -> kFailed     with the reason
//   kLoading -> kUnloaded   cancelled
//   kFailed  -> kLoading    tried again
//   kFailed  -> kUnloaded   forgotten
//
// A reload leaves the state at kReady: the old instance serves until the new
// one takes its place, and stays if the new one fails.
enum class ModelState { kUnloaded, kLoading, kReady, kDraining, kFailed };

bool IsLegal(ModelState from, ModelState to);

// "unloaded", "loading", "ready", "draining", "failed".
absl::string_view NameOf(ModelState state);

// The words of the Open Inference Protocol's RepositoryIndex: "READY",
// "LOADING", "UNLOADING", and "UNAVAILABLE" for unloaded and failed.
absl::string_view RepositoryStateName(ModelState state);

}  // namespace transformerd
