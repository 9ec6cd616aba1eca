#include "server/lifecycle/model_state.h"

namespace transformerd {

bool IsLegal(ModelState from, ModelState to) {
  switch (from) {
    case ModelState::kUnloaded:
      return to == ModelState::kLoading;
    case ModelState::kLoading:
      return to == ModelState::kReady || to == ModelState::kFailed ||
             to == ModelState::kUnloaded;
    case ModelState::kReady:
      return to == ModelState::kDraining;
    case ModelState::kDraining:
      return to == ModelState::kUnloaded;
    case ModelState::kFailed:
      return to == ModelState::kLoading || to == ModelState::kUnloaded;
  }
  return false;
}

absl::string_view NameOf(ModelState state) {
  switch (state) {
    case ModelState::kUnloaded:
      return "unloaded";
    case ModelState::kLoading:
      return "loading";
    case ModelState::kReady:
      return "ready";
    case ModelState::kDraining:
      return "draining";
    case ModelState::kFailed:
      return "failed";
  }
  return "unknown";
}

absl::string_view RepositoryStateName(ModelState state) {
  switch (state) {
    case ModelState::kReady:
      return "READY";
    case ModelState::kLoading:
      return "LOADING";
    case ModelState::kDraining:
      return "UNLOADING";
    case ModelState::kUnloaded:
    case ModelState::kFailed:
      return "UNAVAILABLE";
  }
  return "UNKNOWN";
}

}  // namespace transformerd
