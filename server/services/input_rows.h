// The inputs of a request that come token by token as rows.
#pragma once

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Decodes and checks the values of all inputs (see ValidateRequest), whose
// names must be the signature's, each once; `outputs` stays empty. Pure.
absl::StatusOr<InferenceInput> ReadInputRows(
    const inference::ModelInferRequest& request, const Signature& signature);

}  // namespace transformerd
