// The parameters of inference requests.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "proto/inference.pb.h"

namespace transformerd {

// What a request's parameters ask for.
//
// Read are "priority" and "timeout" of the schedule_policy extension,
// "binary_data_output", and our own "truncate". All others are ignored, as
// Triton does where a model declares none: clients send "triton_*" ones of
// their own accord, and a "sequence_id" changes nothing for models without
// state.
struct RequestParameters {
  // 1 is the highest; 0 is the default level.
  uint64_t priority = 0;
  // Longest time until the answer, beside the call's own deadline.
  std::optional<absl::Duration> timeout;
  // Whether the answer is raw, where the request does not leave it open.
  std::optional<bool> raw_outputs;
  // Whether texts that are too long are cut instead of refused.
  bool truncate = false;
};

// INVALID_ARGUMENT for a parameter of a wrong type or a negative number.
absl::StatusOr<RequestParameters> ReadRequestParameters(
    const inference::ModelInferRequest& request);

// INVALID_ARGUMENT where an input or a requested output asks for what this
// server does not do: shared memory, classification.
absl::Status CheckTensorParameters(const inference::ModelInferRequest& request);

}  // namespace transformerd
