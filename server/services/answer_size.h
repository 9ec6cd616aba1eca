// Whether an answer fits into one message.
#pragma once

#include "absl/status/status.h"
#include "model/runtime/inference.h"
#include "model/runtime/signature.h"

namespace transformerd {

// INVALID_ARGUMENT, naming the output and its shape, where the outputs asked
// for are more than protobuf can carry. Pure.
absl::Status CheckAnswerSize(const Signature& signature,
                             const InferenceInput& input);

}  // namespace transformerd
