// A gRPC server with fake models, and a client of it.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "grpcpp/grpcpp.h"
#include "proto/inference.grpc.pb.h"
#include "proto/text_service.grpc.pb.h"
#include "server/lifecycle/folder_reader.h"
#include "server/lifecycle/model_repository.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"
#include "server/scheduling/worker_pool.h"
#include "server/security/authenticator.h"
#include "server/services/health_state.h"
#include "server/services/inference_service.h"
#include "server/services/model_queues.h"
#include "server/services/text_pool.h"
#include "server/services/text_service.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"

namespace transformerd {

// The services behind a real gRPC server on a free port, with one worker, over
// a repository that holds the folders "bert" and "other", neither loaded.
class TestServer {
 public:
  struct Options {
    int64_t max_request_bytes = int64_t{1} << 30;
    absl::Duration default_request_timeout = absl::Seconds(60);
    ServingOptions serving;
    // Null: the system's. Must outlive the server.
    FolderReader* folders = nullptr;
    // For the log alone: every call is let through.
    std::shared_ptr<const Authenticator> authenticator;
  };

  TestServer() : TestServer(Options()) {}
  explicit TestServer(const Options& options);
  // Unblocks whatever the test has blocked.
  ~TestServer();

  // Calls with a deadline far away. Errors come with their details.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request, grpc::ClientContext* context = nullptr) {
    grpc::ClientContext own_context;
    if (context == nullptr) context = &own_context;
    SetDeadline(*context);
    Response response;
    const grpc::Status status =
        (StubOf(method).*method)(context, request, &response);
    if (!status.ok()) return ToAbsl(status);
    return response;
  }

  // The same for bytes that need not be a message. `method` is the full path.
  absl::Status CallRaw(const std::string& method, const grpc::ByteBuffer& wire);

  absl::StatusOr<inference::ModelInferResponse> Infer(
      const inference::ModelInferRequest& request,
      grpc::ClientContext* context = nullptr);
  absl::Status Load(const std::string& name,
                    grpc::ClientContext* context = nullptr);
  absl::Status Unload(const std::string& name);
  bool IsReady(const std::string& model);
  // "READY", "LOADING" and so on.
  std::string StateOf(const std::string& model);

  // The same on a thread of their own; `context` may be cancelled.
  std::future<absl::StatusOr<inference::ModelInferResponse>> InferLater(
      const inference::ModelInferRequest& request,
      grpc::ClientContext* context = nullptr);
  std::future<absl::Status> LoadLater(const std::string& name,
                                      grpc::ClientContext* context = nullptr);

  // Returns when `condition` holds; fails the test where it never does.
  static void Await(const std::function<bool()>& condition);
  // Until `count` requests wait for a worker.
  void AwaitQueued(int64_t count);
  // Until those that waited are answered or run.
  void AwaitNoneQueued();

  FakeModelLoader& loader() { return loader_; }
  FakeModelControl& models() { return loader_.models(); }
  HealthState& health() { return health_; }
  Metrics& metrics() { return metrics_; }
  Scheduler& scheduler() { return scheduler_; }
  TextPool& text_pool() { return text_pool_; }
  ModelRepository& repository() { return *repository_; }
  inference::GRPCInferenceService::Stub& stub() { return *stub_; }

 private:
  template <typename Method>
  inference::GRPCInferenceService::Stub& StubOf(
      Method inference::GRPCInferenceService::Stub::*) {
    return *stub_;
  }
  template <typename Method>
  v1::TextService::Stub& StubOf(Method v1::TextService::Stub::*) {
    return *text_stub_;
  }
  int64_t NumQueued() const;
  static void SetDeadline(grpc::ClientContext& context);
  static absl::Status ToAbsl(const grpc::Status& status);

  TemporaryFolder folder_;
  FakeModelLoader loader_;
  SystemClock clock_;
  Metrics metrics_{"1.2.3"};
  HealthState health_;
  Scheduler scheduler_{/*num_workers=*/1, clock_};
  std::unique_ptr<ModelRepository> repository_;
  ModelQueues queues_{scheduler_, metrics_};
  TextPool text_pool_{/*num_threads=*/2};
  std::unique_ptr<InferenceService> service_;
  std::unique_ptr<TextService> text_service_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<grpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  std::unique_ptr<v1::TextService::Stub> text_stub_;
};

}  // namespace transformerd
