// Integer inputs of shape [batch, tokens], and refusing any input.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/inference.pb.h"

namespace transformerd {

// INVALID_ARGUMENT with the tensor's name as field and in the message.
absl::Status RefuseInput(absl::string_view tensor, absl::string_view message);

// Input number `index`, INT64 or INT32, whose values must lie in [0, limit).
// Its shape was checked to have two dimensions.
absl::StatusOr<std::vector<int64_t>> DecodeIntegers(
    const inference::ModelInferRequest& request, int index, int64_t limit);

}  // namespace transformerd
