// The typed load parameters of ModelService.
#pragma once

#include "absl/status/statusor.h"
#include "proto/model_service.pb.h"
#include "server/lifecycle/load_parameters.h"

namespace transformerd {

// By their names, as RepositoryModelLoad carries them: lists and objects are
// JSON. What is not set is left out. INVALID_ARGUMENT, naming the parameter,
// where `config` or `parts` has more than 32 levels of lists and objects. What
// they mean is ApplyLoadParameters' matter.
absl::StatusOr<LoadParameters> FromMessage(const v1::LoadParameters& message);

}  // namespace transformerd
