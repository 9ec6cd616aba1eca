// Calls that own their messages.
#pragma once

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "grpcpp/grpcpp.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "server/services/malformed_requests.h"
#include "server/services/model_call.h"
#include "server/services/serving_context.h"

namespace transformerd {

// A ProtoCall gets bytes and gives bytes: so it can take what is large out of
// its request, and says what is wrong where an answer has become larger than a
// message may be.
template <typename Request, typename Response>
class ProtoCall : public ModelCall {
 protected:
  // `wire_response` must stay until the call has ended, as gRPC's does.
  ProtoCall(const ServingContext& serving, grpc::CallbackServerContext& context,
            absl::string_view service, absl::string_view method,
            grpc::ByteBuffer& wire_response)
      : ModelCall(serving, context, service, method),
        wire_response_(wire_response) {}

  absl::Status Parse(const grpc::ByteBuffer& wire_request) {
    // Deserialize empties its buffer; the copy shares the bytes.
    grpc::ByteBuffer wire = wire_request;
    if (grpc::SerializationTraits<Request>::Deserialize(&wire, &request_)
            .ok()) {
      return absl::OkStatus();
    }
    return MalformedRequest(Request::descriptor()->full_name());
  }

  // The call's one end, with the response where `status` is OK. `this` may be
  // gone afterwards.
  void End(const absl::Status& status) {
    if (!status.ok()) return ModelCall::End(status);
    bool own_buffer = false;
    const grpc::Status written = grpc::SerializationTraits<Response>::Serialize(
        response_, &wire_response_, &own_buffer);
    ModelCall::End(written.ok() ? absl::OkStatus()
                                : absl::InvalidArgumentError(
                                      "the answer is larger than a message "
                                      "may be; send fewer texts"));
  }

  Request& request() { return request_; }
  Response& response() { return response_; }

 private:
  Request request_;
  Response response_;
  grpc::ByteBuffer& wire_response_;
};

}  // namespace transformerd
