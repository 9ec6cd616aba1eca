// Tensors of requests and answers, as protobuf messages.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/types.h"
#include "proto/client_inference.pb.h"

namespace transformerd {

// Appends `input` in raw form; its bytes move. INVALID_ARGUMENT with the
// tensor's name as field for a size that does not fit the shape, and for an
// element type that the protocol lacks.
absl::Status AddInput(NamedTensor input, oip::ModelInferRequest& request);

// Takes all outputs out of `response`, raw or typed. INTERNAL for an answer
// that contradicts itself, UNIMPLEMENTED for an unknown element type.
absl::StatusOr<std::vector<NamedTensor>> TakeOutputs(
    oip::ModelInferResponse& response);

}  // namespace transformerd
