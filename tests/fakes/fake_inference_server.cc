#include "tests/fakes/fake_inference_server.h"

#include <chrono>
#include <map>
#include <optional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server_builder.h"
#include "proto/status_codec.h"
#include "tests/fakes/has_deadline.h"
#include "tests/fakes/held_call.h"

namespace transformerd {

namespace {

using grpc::ServerContext;

}  // namespace

// All methods block a thread but ModelInfer, which may be held.
class FakeInferenceServer::Service final
    : public inference::GRPCInferenceService::WithCallbackMethod_ModelInfer<
          inference::GRPCInferenceService::Service> {
 public:
  grpc::Status ServerLive(ServerContext*, const inference::ServerLiveRequest*,
                          inference::ServerLiveResponse* response) override {
    response->set_live(true);
    return Count("ServerLive");
  }

  grpc::Status ServerReady(ServerContext*, const inference::ServerReadyRequest*,
                           inference::ServerReadyResponse* response) override {
    response->set_ready(true);
    return Count("ServerReady");
  }

  grpc::Status ServerMetadata(
      ServerContext*, const inference::ServerMetadataRequest*,
      inference::ServerMetadataResponse* response) override {
    response->set_name("fake");
    response->set_version("1.2.3");
    response->add_extensions("model_repository");
    response->add_extensions("parameters");
    return Count("ServerMetadata");
  }

  grpc::Status ModelReady(ServerContext*,
                          const inference::ModelReadyRequest* request,
                          inference::ModelReadyResponse* response) override {
    response->set_ready(request->name() == "echo");
    return Count("ModelReady");
  }

  grpc::Status ModelMetadata(
      ServerContext*, const inference::ModelMetadataRequest* request,
      inference::ModelMetadataResponse* response) override {
    if (request->name() != "echo") {
      return ToGrpcStatus(absl::NotFoundError(
          absl::StrCat("no model '", request->name(), "'")));
    }
    response->set_name("echo");
    response->add_versions("1");
    response->set_platform("test");
    AddTensor("input_ids", "INT64", {-1, -1}, *response->add_inputs());
    AddTensor("text", "BYTES", {-1, 1}, *response->add_inputs());
    AddTensor("input_ids", "INT64", {-1, -1}, *response->add_outputs());
    return Count("ModelMetadata");
  }

  grpc::Status ModelConfig(ServerContext*, const inference::ModelConfigRequest*,
                           inference::ModelConfigResponse* response) override {
    inference::ModelConfig& config = *response->mutable_config();
    config.set_name("echo");
    config.set_platform("test");
    config.set_max_batch_size(32);
    inference::ModelInput& input = *config.add_input();
    input.set_name("text");
    input.set_data_type(inference::TYPE_STRING);
    input.add_dims(1);
    input.set_optional(true);
    (*config.mutable_parameters())["engine"].set_string_value("none");
    return Count("ModelConfig");
  }

  grpc::Status RepositoryIndex(
      ServerContext*, const inference::RepositoryIndexRequest*,
      inference::RepositoryIndexResponse* response) override {
    {
      absl::MutexLock lock(&mutex_);
      auto& model = *response->add_models();
      model.set_name("echo");
      model.set_version("1");
      model.set_state(state_);
      model.set_reason(reason_);
    }
    return Count("RepositoryIndex");
  }

  grpc::Status RepositoryModelLoad(
      ServerContext* context,
      const inference::RepositoryModelLoadRequest* request,
      inference::RepositoryModelLoadResponse*) override {
    {
      absl::MutexLock lock(&mutex_);
      had_deadline_ = HasDeadline(*context);
      last_load_ = *request;
    }
    return Count("RepositoryModelLoad");
  }

  grpc::Status RepositoryModelUnload(
      ServerContext* context, const inference::RepositoryModelUnloadRequest*,
      inference::RepositoryModelUnloadResponse*) override {
    {
      absl::MutexLock lock(&mutex_);
      had_deadline_ = HasDeadline(*context);
    }
    return Count("RepositoryModelUnload");
  }

  grpc::ServerUnaryReactor* ModelInfer(
      grpc::CallbackServerContext* context,
      const inference::ModelInferRequest* request,
      inference::ModelInferResponse* response) override {
    {
      absl::MutexLock lock(&mutex_);
      last_infer_ = *request;
      *response = answer_.has_value() ? *answer_ : Echo(*request);
    }
    const std::optional<grpc::Status> status = CountOrHold("ModelInfer");
    if (!status.has_value()) return new HeldCall();
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(*status);
    return reactor;
  }

  // Counts the call, and fails it where a failure is due.
  grpc::Status Count(const std::string& method) {
    absl::MutexLock lock(&mutex_);
    ++num_calls_[method];
    const auto found = failing_methods_.find(method);
    if (found != failing_methods_.end()) return ToGrpcStatus(found->second);
    if (num_failures_ == 0) return grpc::Status::OK;
    --num_failures_;
    return ToGrpcStatus(failure_);
  }

  // The outcome of a call that may be held.
  std::optional<grpc::Status> CountOrHold(const std::string& method) {
    const grpc::Status status = Count(method);
    absl::MutexLock lock(&mutex_);
    if (!holds_) return status;
    is_holding_ = true;
    return std::nullopt;
  }

  absl::Mutex mutex_;
  std::map<std::string, int> num_calls_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  int num_failures_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<std::string, absl::Status> failing_methods_ ABSL_GUARDED_BY(mutex_);
  std::string state_ ABSL_GUARDED_BY(mutex_) = "READY";
  std::string reason_ ABSL_GUARDED_BY(mutex_);
  std::optional<inference::ModelInferResponse> answer_ ABSL_GUARDED_BY(mutex_);
  bool holds_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_holding_ ABSL_GUARDED_BY(mutex_) = false;
  inference::ModelInferRequest last_infer_ ABSL_GUARDED_BY(mutex_);
  inference::RepositoryModelLoadRequest last_load_ ABSL_GUARDED_BY(mutex_);
  bool had_deadline_ ABSL_GUARDED_BY(mutex_) = false;

 private:
  static void AddTensor(
      const std::string& name, const std::string& datatype,
      const std::vector<int64_t>& shape,
      inference::ModelMetadataResponse::TensorMetadata& tensor) {
    tensor.set_name(name);
    tensor.set_datatype(datatype);
    tensor.mutable_shape()->Assign(shape.begin(), shape.end());
  }

  // Each input as the output of its name, in raw form.
  static inference::ModelInferResponse Echo(
      const inference::ModelInferRequest& request) {
    inference::ModelInferResponse response;
    response.set_model_name(request.model_name());
    response.set_model_version("1");
    response.set_id(request.id());
    *response.mutable_parameters() = request.parameters();
    for (const auto& input : request.inputs()) {
      auto& output = *response.add_outputs();
      output.set_name(input.name());
      output.set_datatype(input.datatype());
      *output.mutable_shape() = input.shape();
    }
    *response.mutable_raw_output_contents() = request.raw_input_contents();
    return response;
  }
};

FakeInferenceServer::FakeInferenceServer(
    const std::vector<grpc::Service*>& more)
    : service_(std::make_unique<Service>()),
      text_service_(
          std::make_unique<FakeTextService>([this](const std::string& method) {
            return service_->CountOrHold(method);
          })) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(),
                           &port);
  builder.SetMaxReceiveMessageSize(-1);
  builder.RegisterService(service_.get());
  builder.RegisterService(text_service_.get());
  for (grpc::Service* service : more) builder.RegisterService(service);
  server_ = builder.BuildAndStart();
  CHECK(server_ != nullptr) << "no port on the loopback";
  address_ = absl::StrCat("127.0.0.1:", port);
}

FakeInferenceServer::~FakeInferenceServer() {
  // Held calls would wait for ever.
  server_->Shutdown(std::chrono::system_clock::now());
}

void FakeInferenceServer::FailNext(absl::Status status, int times) {
  absl::MutexLock lock(&service_->mutex_);
  service_->failure_ = std::move(status);
  service_->num_failures_ = times;
}

void FakeInferenceServer::FailMethod(const std::string& method,
                                     absl::Status status) {
  absl::MutexLock lock(&service_->mutex_);
  service_->failing_methods_[method] = std::move(status);
}

void FakeInferenceServer::SetState(std::string state, std::string reason) {
  absl::MutexLock lock(&service_->mutex_);
  service_->state_ = std::move(state);
  service_->reason_ = std::move(reason);
}

void FakeInferenceServer::SetAnswer(inference::ModelInferResponse answer) {
  absl::MutexLock lock(&service_->mutex_);
  service_->answer_ = std::move(answer);
}

void FakeInferenceServer::HoldInference() {
  absl::MutexLock lock(&service_->mutex_);
  service_->holds_ = true;
}

int FakeInferenceServer::num_calls(const std::string& method) const {
  absl::MutexLock lock(&service_->mutex_);
  return service_->num_calls_[method];
}

inference::ModelInferRequest FakeInferenceServer::last_infer() const {
  absl::MutexLock lock(&service_->mutex_);
  return service_->last_infer_;
}

inference::RepositoryModelLoadRequest FakeInferenceServer::last_load() const {
  absl::MutexLock lock(&service_->mutex_);
  return service_->last_load_;
}

bool FakeInferenceServer::had_deadline() const {
  absl::MutexLock lock(&service_->mutex_);
  return service_->had_deadline_;
}

void FakeInferenceServer::AwaitHeldInference() {
  absl::MutexLock lock(&service_->mutex_);
  service_->mutex_.Await(absl::Condition(&service_->is_holding_));
}

}  // namespace transformerd
