// Inputs of floats.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Input number `index`, which must be FP32 and whose shape was checked. Any
// value passes, NaN and infinities too: what they make of a row stays in it.
absl::StatusOr<std::vector<float>> DecodeFloats(
    const inference::ModelInferRequest& request, int index);

}  // namespace transformerd
