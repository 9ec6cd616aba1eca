// The memory that a load needs besides the weights.
#pragma once

#include <cstdint>

#include "model/loading/load_plan.h"

namespace transformerd {

// What the rank that reads holds for tensors that wait to be cast, those of the
// bucket with the most of them, and for a window of a tensor that does not lie
// in a row. 0 where the file has the dtypes of the model and no such tensor.
int64_t StagingBytes(const LoadPlan& plan);

}  // namespace transformerd
