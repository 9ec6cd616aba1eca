// The request that a model answers before it is ready.
#pragma once

#include "absl/status/status.h"
#include "model/loading/load_control.h"
#include "model/runtime/loaded_model.h"

namespace transformerd {

// Has each worker answer one row of one token, or one image, with all default
// outputs, one after the other. The error of the first that fails or throws
// names it; between two of them a cancellation ends it, with its reason.
absl::Status WarmUp(LoadedModel& model, int num_workers,
                    const LoadControl& control);

}  // namespace transformerd
