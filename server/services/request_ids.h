// What ties the lines of several logs to one request.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "grpcpp/server_context.h"

namespace transformerd {

struct RequestIds {
  // The client's x-request-id, or one of ours.
  std::string request_id;
  // The client's traceparent (W3C Trace Context); empty: it sent none.
  std::string traceparent;
};

// 1 to 128 of the characters that ids are made of: letters, digits and
// -._:/+=@.
bool IsRequestId(absl::string_view text);

// "00-<32 hex digits>-<16 hex digits>-<2 hex digits>", not all of them zero.
bool IsTraceparent(absl::string_view text);

// Takes the ids of a call from its metadata and sends them back behind its
// answer. What a client sends that is no id is as if it had sent nothing.
RequestIds TakeRequestIds(grpc::ServerContextBase& context);

}  // namespace transformerd
