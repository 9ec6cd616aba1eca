// One ModelInfer from its request to its answer.
#pragma once

#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/inference.pb.h"
#include "server/services/inference_run.h"
#include "server/services/model_call.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Checks the request, has it computed, and answers on the thread that ends
// that.
class InferCall : public ModelCall {
 public:
  // To be returned from the service's method.
  static grpc::ServerUnaryReactor* Start(
      const ServingContext& serving, grpc::CallbackServerContext& context,
      const inference::ModelInferRequest& request,
      inference::ModelInferResponse& response);

 private:
  InferCall(const ServingContext& serving, grpc::CallbackServerContext& context,
            const inference::ModelInferRequest& request,
            inference::ModelInferResponse& response);

  // On OK OnAnswer is called, or was.
  absl::Status Submit();
  void OnAnswer(absl::StatusOr<InferenceAnswer> answer);
  void Write(InferenceAnswer answer);

  const inference::ModelInferRequest& request_;
  inference::ModelInferResponse& response_;

  // Set before the work starts, used when it is done.
  std::vector<int> outputs_;
  bool raw_outputs_ = false;
  absl::Duration decode_time_;
};

}  // namespace transformerd
