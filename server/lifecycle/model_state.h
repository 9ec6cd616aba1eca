// The life of one version of a model.
#pragma once

#include <string_view>

namespace transformerd {

//   kUnloaded -> kLoading -> kReady -> kDraining -> kUnloaded
//                   |  \
//                   |   -> kFailed -> kLoading (tried again)
//                   |         \
//                   |          -> kUnloaded (forgotten)
//                   -> kUnloaded (cancelled)
//
// A reload leaves the state at kReady: the old instance serves until the new
// one takes its place, and stays if the new one fails.
enum class ModelState { kUnloaded, kLoading, kReady, kDraining, kFailed };

bool IsLegal(ModelState from, ModelState to);

// "unloaded", "loading", "ready", "draining", "failed".
std::string_view NameOf(ModelState state);

// The words of the Open Inference Protocol's RepositoryIndex: "READY",
// "LOADING", "UNLOADING", and "UNAVAILABLE" for unloaded and failed.
std::string_view RepositoryStateName(ModelState state);

}  // namespace transformerd
