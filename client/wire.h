// The structs of types.h as protobuf messages, and back.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/types.h"
#include "proto/client_inference.pb.h"

namespace transformerd {

// INVALID_ARGUMENT for an input that cannot be sent; see AddInput.
absl::StatusOr<oip::ModelInferRequest> ToWire(InferRequest request);

// INTERNAL for an answer that contradicts itself; see TakeOutputs.
absl::StatusOr<InferResult> FromWire(oip::ModelInferResponse response);

// INVALID_ARGUMENT for a parameter of type double: the protocol has none here.
absl::StatusOr<oip::RepositoryModelLoadRequest> ToLoadRequest(
    absl::string_view model, const Parameters& parameters);

ServerDescription FromWire(const oip::ServerMetadataResponse& response);
ModelDescription FromWire(const oip::ModelMetadataResponse& response);
ModelConfiguration FromWire(const oip::ModelConfigResponse& response);
std::vector<ModelListing> FromWire(
    const oip::RepositoryIndexResponse& response);

}  // namespace transformerd
