// The memory that a load needs besides the weights.
#pragma once

#include <cstdint>

#include "model/loading/load_plan.h"

namespace transformerd {

// What the rank that reads holds for tensors that wait to be cast: those of the
// bucket with the most of them. 0 where the file has the dtypes of the model.
int64_t StagingBytes(const LoadPlan& plan);

}  // namespace transformerd
