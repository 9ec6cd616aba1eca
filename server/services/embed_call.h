// One TextService.Embed from its texts to their vectors.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "grpcpp/grpcpp.h"
#include "proto/text_service.pb.h"
#include "server/services/inference_run.h"
#include "server/services/model_call.h"
#include "server/services/serving_context.h"

namespace transformerd {

class EmbedCall : public ModelCall {
 public:
  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(
      const ServingContext& serving, const grpc::CallbackServerContext& context,
      const v1::EmbedRequest& request, v1::EmbedResponse& response);

 private:
  EmbedCall(const ServingContext& serving,
            const grpc::CallbackServerContext& context,
            const v1::EmbedRequest& request, v1::EmbedResponse& response);

  // On OK OnAnswer is called, or was.
  absl::Status Submit();
  void OnAnswer(absl::StatusOr<InferenceAnswer> answer);
  void Write(const InferenceAnswer& answer);

  const v1::EmbedRequest& request_;
  v1::EmbedResponse& response_;
};

}  // namespace transformerd
