// The parameters of repository calls.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/inference.pb.h"
#include "server/lifecycle/load_parameters.h"

namespace transformerd {

// INVALID_ARGUMENT for a repository name (there is one repository, without a
// name) and for values of a type that no load parameter has. What the
// parameters mean is ApplyLoadParameters' matter.
absl::StatusOr<LoadParameters> ReadLoadParameters(
    const inference::RepositoryModelLoadRequest& request);

// INVALID_ARGUMENT for a repository name and for all parameters but the bool
// `unload_dependents`, which changes nothing: no model depends on another.
absl::Status CheckUnloadRequest(
    const inference::RepositoryModelUnloadRequest& request);

// INVALID_ARGUMENT where `name` is not empty.
absl::Status CheckRepositoryName(const std::string& name);

}  // namespace transformerd
