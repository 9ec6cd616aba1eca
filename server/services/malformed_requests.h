// Requests that are no message of the kind that their method takes.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/grpcpp.h"

namespace transformerd {

// What such a request is answered with: INVALID_ARGUMENT. `expected` is a full
// name, such as "inference.ModelInferRequest".
absl::Status MalformedRequest(absl::string_view expected);

// gRPC answers a request that it cannot parse with UNIMPLEMENTED and no
// message, as if there were no such method; one string that is not UTF-8 is
// enough. The server that is built answers with MalformedRequest instead.
void ExplainMalformedRequests(grpc::ServerBuilder& builder);

}  // namespace transformerd
