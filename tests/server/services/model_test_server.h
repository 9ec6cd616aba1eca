// transformerd.v1.ModelService over fake models and a clock that stands still.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "grpcpp/grpcpp.h"
#include "proto/model_service.grpc.pb.h"
#include "proto/status_codec.h"
#include "server/lifecycle/model_repository.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/scheduler.h"
#include "server/services/health_state.h"
#include "server/services/model_queues.h"
#include "server/services/model_service.h"
#include "server/services/text_pool.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {

// The service behind a real gRPC server on a free port, over a repository that
// holds the folders "bert" and "other", neither loaded.
class ModelTestServer {
 public:
  ModelTestServer() {
    folder_.Write("bert/config.json", "{}");
    folder_.Write("other/config.json", "{}");
    ModelRepository::Options options;
    options.root = folder_.path();
    repository_ = *ModelRepository::Create(options, loader_, nullptr);
    service_ = std::make_unique<ModelService>(
        ServingContext{*repository_, scheduler_, queues_, text_pool_, health_,
                       metrics_, clock_},
        clock_);
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                             &port);
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    CHECK(server_ != nullptr);
    stub_ = v1::ModelService::NewStub(grpc::CreateChannel(
        absl::StrCat("127.0.0.1:", port), grpc::InsecureChannelCredentials()));
  }

  ~ModelTestServer() {
    loader_.Unblock();
    server_->Shutdown(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
  }

  // A call with a deadline far away. Errors come with their details.
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (v1::ModelService::Stub::*method)(grpc::ClientContext*,
                                                     const Request&, Response*),
      const Request& request, grpc::ClientContext* context = nullptr) {
    grpc::ClientContext own_context;
    if (context == nullptr) context = &own_context;
    context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(20)));
    Response response;
    const grpc::Status status =
        (stub_.get()->*method)(context, request, &response);
    if (!status.ok()) return FromGrpcStatus(status);
    return response;
  }

  absl::StatusOr<v1::LoadModelResponse> Load(
      const std::string& model, grpc::ClientContext* context = nullptr) {
    v1::LoadModelRequest request;
    request.set_model(model);
    return Call(&v1::ModelService::Stub::LoadModel, request, context);
  }

  v1::ModelService::Stub& stub() { return *stub_; }
  FakeModelLoader& loader() { return loader_; }
  FakeClock& clock() { return clock_; }
  HealthState& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  ModelRepository& repository() { return *repository_; }

 private:
  TemporaryFolder folder_;
  FakeModelLoader loader_;
  FakeClock clock_;
  Metrics metrics_{"1.2.3"};
  HealthState health_;
  Scheduler scheduler_{/*num_workers=*/1, clock_};
  std::unique_ptr<ModelRepository> repository_;
  ModelQueues queues_{scheduler_, metrics_};
  TextPool text_pool_{/*num_threads=*/2};
  std::unique_ptr<ModelService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<v1::ModelService::Stub> stub_;
};

}  // namespace transformerd
