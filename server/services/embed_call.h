// One TextService.Embed from its texts to their vectors.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "proto/text_service.pb.h"
#include "server/services/inference_run.h"
#include "server/services/proto_call.h"
#include "server/services/serving_context.h"

namespace transformerd {

class EmbedCall : public ProtoCall<v1::EmbedRequest, v1::EmbedResponse> {
 public:
  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(const ServingContext& serving,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response);

 private:
  EmbedCall(const ServingContext& serving, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response);

  // On OK OnAnswer is called, or was.
  absl::Status Submit(const grpc::ByteBuffer& request);
  void OnAnswer(absl::StatusOr<InferenceAnswer> answer);
  void Write(const InferenceAnswer& answer);
};

}  // namespace transformerd
