#include "tests/server/services/test_server.h"

#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "glog/logging.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"
#include "proto/status_codec.h"
#include "server/services/malformed_requests.h"

namespace transformerd {
namespace {

using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;

// Far beyond what any step takes, so that a hang is a failure and no more.
constexpr absl::Duration kPatience = absl::Seconds(20);

}  // namespace

TestServer::TestServer(const Options& options) {
  folder_.Write("bert/config.json", "{}");
  folder_.Write("other/config.json", "{}");
  ModelRepository::Options repository;
  repository.root = folder_.path();
  repository.folders = options.folders;
  repository.defaults.serving = options.serving;
  auto opened =
      ModelRepository::Create(repository, loader_, /*observer=*/nullptr);
  CHECK(opened.ok()) << opened.status();
  repository_ = *std::move(opened);

  ServingContext context{*repository_, scheduler_, queues_, text_pool_,
                         health_,      metrics_,   clock_};
  context.server_version = "1.2.3";
  context.default_request_timeout = options.default_request_timeout;
  context.max_request_bytes = options.max_request_bytes;
  context.authenticator = options.authenticator;
  service_ = std::make_unique<InferenceService>(context);
  text_service_ = std::make_unique<TextService>(context);
  workers_ = std::make_unique<WorkerPool>(scheduler_);

  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.SetMaxReceiveMessageSize(-1);
  ExplainMalformedRequests(builder);
  builder.RegisterService(service_.get());
  builder.RegisterService(text_service_.get());
  server_ = builder.BuildAndStart();
  CHECK(server_ != nullptr);
  channel_ = grpc::CreateChannel("127.0.0.1:" + std::to_string(port),
                                 grpc::InsecureChannelCredentials());
  stub_ = GRPCInferenceService::NewStub(channel_);
  text_stub_ = v1::TextService::NewStub(channel_);
}

TestServer::~TestServer() {
  loader_.Unblock();
  models().Unblock();
  server_->Shutdown(absl::ToChronoTime(absl::Now() + kPatience));
  workers_.reset();
}

absl::Status TestServer::CallRaw(const std::string& method,
                                 const grpc::ByteBuffer& wire) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  SetDeadline(context);
  grpc::ByteBuffer response;
  absl::Notification ended;
  grpc::Status status;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &wire, &response,
                 [&](grpc::Status result) {
                   status = std::move(result);
                   ended.Notify();
                 });
  ended.WaitForNotification();
  return status.ok() ? absl::OkStatus() : ToAbsl(status);
}

absl::StatusOr<ModelInferResponse> TestServer::Infer(
    const ModelInferRequest& request, grpc::ClientContext* context) {
  return Call(&GRPCInferenceService::Stub::ModelInfer, request, context);
}

absl::Status TestServer::Load(const std::string& name,
                              grpc::ClientContext* context) {
  inference::RepositoryModelLoadRequest request;
  request.set_model_name(name);
  return Call(&GRPCInferenceService::Stub::RepositoryModelLoad, request,
              context)
      .status();
}

absl::Status TestServer::Unload(const std::string& name) {
  inference::RepositoryModelUnloadRequest request;
  request.set_model_name(name);
  return Call(&GRPCInferenceService::Stub::RepositoryModelUnload, request)
      .status();
}

bool TestServer::IsReady(const std::string& model) {
  inference::ModelReadyRequest request;
  request.set_name(model);
  const auto response = Call(&GRPCInferenceService::Stub::ModelReady, request);
  EXPECT_TRUE(response.ok()) << response.status();
  return response.ok() && response->ready();
}

std::string TestServer::StateOf(const std::string& model) {
  const auto index = Call(&GRPCInferenceService::Stub::RepositoryIndex,
                          inference::RepositoryIndexRequest());
  EXPECT_TRUE(index.ok()) << index.status();
  if (!index.ok()) return "";
  for (const auto& entry : index->models()) {
    if (entry.name() == model) return entry.state();
  }
  return "";
}

std::future<absl::StatusOr<ModelInferResponse>> TestServer::InferLater(
    const ModelInferRequest& request, grpc::ClientContext* context) {
  return std::async(std::launch::async, [this, request, context] {
    return Infer(request, context);
  });
}

std::future<absl::Status> TestServer::LoadLater(const std::string& name,
                                                grpc::ClientContext* context) {
  return std::async(std::launch::async,
                    [this, name, context] { return Load(name, context); });
}

void TestServer::Await(const std::function<bool()>& condition) {
  const absl::Time start = absl::Now();
  while (!condition()) {
    ASSERT_LT(absl::Now() - start, kPatience) << "it never came true";
    std::this_thread::yield();
  }
}

void TestServer::AwaitQueued(int64_t count) {
  Await([&] { return NumQueued() >= count; });
}

void TestServer::AwaitNoneQueued() {
  Await([&] { return NumQueued() == 0; });
}

int64_t TestServer::NumQueued() const {
  int64_t queued = 0;
  for (const QueueDepth& depth : scheduler_.depths()) queued += depth.requests;
  return queued;
}

void TestServer::SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + kPatience));
}

absl::Status TestServer::ToAbsl(const grpc::Status& status) {
  return FromGrpcStatus(status);
}

}  // namespace transformerd
