// The inputs of a module that takes whole tensors.
#pragma once

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Decodes and checks tensors, whose names must be the signature's, each once:
// all that are not optional are there, each has one of its shapes, symbols
// stand for the same number everywhere, and values are what their kind allows.
// `outputs` stays empty. Errors are INVALID_ARGUMENT and name the tensor. Pure.
absl::StatusOr<InferenceInput> ReadTensors(
    const inference::ModelInferRequest& request, const Signature& signature);

}  // namespace transformerd
