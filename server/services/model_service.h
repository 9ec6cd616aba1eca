// transformerd.v1.ModelService: models on their way into memory and out of it.
#pragma once

#include "grpcpp/grpcpp.h"
#include "model/base/clock.h"
#include "proto/model_service.grpc.pb.h"
#include "server/scheduling/ticker.h"
#include "server/services/serving_context.h"

namespace transformerd {

// Nothing here blocks a gRPC thread: loads, unloads, plans and looks into the
// folder run on the repository's threads, watches are driven by a ticker.
//
// Thread-safe. Must outlive the gRPC server.
class ModelService final : public v1::ModelService::CallbackService {
 public:
  // `clock` must outlive the service.
  ModelService(ServingContext serving, Clock& clock);

  grpc::ServerUnaryReactor* ListModels(
      grpc::CallbackServerContext* context,
      const v1::ListModelsRequest* request,
      v1::ListModelsResponse* response) override;
  grpc::ServerUnaryReactor* LoadModel(grpc::CallbackServerContext* context,
                                      const v1::LoadModelRequest* request,
                                      v1::LoadModelResponse* response) override;
  grpc::ServerUnaryReactor* UnloadModel(
      grpc::CallbackServerContext* context,
      const v1::UnloadModelRequest* request,
      v1::UnloadModelResponse* response) override;
  grpc::ServerUnaryReactor* PlanLoad(grpc::CallbackServerContext* context,
                                     const v1::PlanLoadRequest* request,
                                     v1::PlanLoadResponse* response) override;
  grpc::ServerWriteReactor<v1::WatchModelResponse>* WatchModel(
      grpc::CallbackServerContext* context,
      const v1::WatchModelRequest* request) override;

 private:
  void AddModels(const v1::ListModelsRequest& request,
                 v1::ListModelsResponse& response) const;

  const ServingContext serving_;
  Ticker ticker_;
};

}  // namespace transformerd
