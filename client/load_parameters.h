// Load parameters by name as the message that ModelService takes.
#pragma once

#include "absl/status/statusor.h"
#include "client/types.h"
#include "proto/model_service.pb.h"

namespace transformerd {

// Lists may be given as one text or as JSON, objects as JSON, as everywhere.
// INVALID_ARGUMENT, with the parameter as its field, for a name that the
// message lacks (with the nearest one) and for a value of the wrong type.
absl::StatusOr<v1::LoadParameters> ToLoadParameters(
    const Parameters& parameters);

}  // namespace transformerd
