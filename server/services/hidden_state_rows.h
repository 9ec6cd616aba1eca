// The inputs of a model that takes vectors as rows of tokens.
#pragma once

#include "absl/status/statusor.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"
#include "proto/inference.pb.h"

namespace transformerd {

// Decodes and checks `hidden_states` (FP32, [batch, tokens, hidden]) and
// `attention_mask` (INT64 or INT32, [batch, tokens]), whose names must be the
// signature's, each once; `outputs` stays empty. Every position counts, also
// where the mask is 0. Errors are INVALID_ARGUMENT and name the tensor. Pure.
absl::StatusOr<InferenceInput> ReadHiddenStateRows(
    const inference::ModelInferRequest& request, const Signature& signature);

}  // namespace transformerd
