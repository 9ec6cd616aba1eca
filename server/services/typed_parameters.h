// The typed load parameters of ModelService.
#pragma once

#include "proto/model_service.pb.h"
#include "server/lifecycle/load_parameters.h"

namespace transformerd {

// By their names, as RepositoryModelLoad carries them: lists and objects are
// JSON. What is not set is left out. What they mean is ApplyLoadParameters'
// matter.
LoadParameters FromMessage(const v1::LoadParameters& message);

}  // namespace transformerd
