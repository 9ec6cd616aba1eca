// The images of a request as rows of patches.
#pragma once

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Decodes and checks `pixel_values` (FP32, [batch, channels, height, width]
// with the model's own extents), the one input of the signature; `outputs`
// stays empty. Errors are INVALID_ARGUMENT and name the tensor. Pure.
absl::StatusOr<InferenceInput> ReadPixelRows(
    const inference::ModelInferRequest& request, const Signature& signature);

}  // namespace transformerd
