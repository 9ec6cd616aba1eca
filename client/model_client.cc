#include "client/model_client.h"

#include <thread>
#include <utility>

#include "absl/memory/memory.h"
#include "client/channel.h"
#include "client/load_parameters.h"
#include "client/unary_calls.h"
#include "grpcpp/client_context.h"
#include "model/base/status_macros.h"
#include "proto/model_service.grpc.pb.h"
#include "proto/status_codec.h"

namespace transformerd {
namespace {

using Stub = v1::ModelService::StubInterface;

}  // namespace

// The gRPC side of a client.
class ModelClient::Calls {
 public:
  explicit Calls(const ClientOptions& options)
      : calls_(options.default_timeout, options.security.bearer_token),
        stub_(v1::ModelService::NewStub(
            MakeChannel(options.address, options.security))) {}

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                   Response*),
      const Request& request, const CallOptions& options) {
    return calls_.Call(*stub_, method, request, options);
  }

  // `context` may be cancelled from elsewhere.
  absl::Status Watch(const v1::WatchModelRequest& request, OnUpdate on_update,
                     grpc::ClientContext& context) {
    const auto stream = stub_->WatchModel(&context, request);
    v1::WatchModelResponse update;
    bool goes_on = true;
    while (goes_on && stream->Read(&update)) goes_on = on_update(update);
    if (!goes_on) {
      context.TryCancel();
      while (stream->Read(&update)) {
      }
    }
    const absl::Status status = FromGrpcStatus(stream->Finish());
    if (goes_on) return status;
    return absl::CancelledError("the watch was ended by its caller");
  }

  absl::Status Prepare(const CallOptions& options,
                       grpc::ClientContext& context) const {
    return calls_.Prepare(options, context);
  }

 private:
  const UnaryCalls calls_;
  const std::unique_ptr<Stub> stub_;
};

absl::StatusOr<std::unique_ptr<ModelClient>> ModelClient::Create(
    ClientOptions options) {
  RETURN_IF_ERROR(CheckAddress(options.address));
  RETURN_IF_ERROR(CheckTimeout(options.default_timeout));
  RETURN_IF_ERROR(CheckSecurity(options.security));
  return absl::WrapUnique(new ModelClient(std::make_unique<Calls>(options)));
}

ModelClient::ModelClient(std::unique_ptr<Calls> calls)
    : calls_(std::move(calls)) {}

ModelClient::~ModelClient() = default;

absl::StatusOr<v1::ListModelsResponse> ModelClient::ListModels(
    const v1::ListModelsRequest& request, const CallOptions& options) {
  return calls_->Call(&Stub::ListModels, request, options);
}

absl::StatusOr<v1::LoadModelResponse> ModelClient::LoadModel(
    absl::string_view model, const Parameters& parameters,
    OnProgress on_progress, const CallOptions& options) {
  v1::LoadModelRequest request;
  request.set_model(std::string(model));
  ASSIGN_OR_RETURN(*request.mutable_parameters(), ToLoadParameters(parameters));
  if (on_progress == nullptr) {
    return calls_->Call(&Stub::LoadModel, request, options);
  }
  // Follows, as the load may begin after the watch has; ends with the load.
  v1::WatchModelRequest watch;
  watch.set_model(request.model());
  watch.set_follow(true);
  grpc::ClientContext context;
  RETURN_IF_ERROR(calls_->Prepare({absl::InfiniteDuration()}, context));
  std::thread watcher([&] {
    const auto tell = [&](const v1::WatchModelResponse& update) {
      if (update.operation() != 0) on_progress(update);
      return true;
    };
    // Where it fails there is no progress; what went wrong with the load is
    // the answer of the load.
    calls_->Watch(watch, tell, context).IgnoreError();
  });
  absl::StatusOr<v1::LoadModelResponse> response =
      calls_->Call(&Stub::LoadModel, request, options);
  context.TryCancel();
  watcher.join();
  return response;
}

absl::StatusOr<v1::UnloadModelResponse> ModelClient::UnloadModel(
    absl::string_view model, const CallOptions& options) {
  v1::UnloadModelRequest request;
  request.set_model(std::string(model));
  return calls_->Call(&Stub::UnloadModel, request, options);
}

absl::StatusOr<v1::PlanLoadResponse> ModelClient::PlanLoad(
    absl::string_view model, absl::string_view version,
    const Parameters& parameters, const CallOptions& options) {
  v1::PlanLoadRequest request;
  request.set_model(std::string(model));
  request.set_version(std::string(version));
  ASSIGN_OR_RETURN(*request.mutable_parameters(), ToLoadParameters(parameters));
  return calls_->Call(&Stub::PlanLoad, request, options);
}

absl::Status ModelClient::WatchModel(const v1::WatchModelRequest& request,
                                     OnUpdate on_update,
                                     const CallOptions& options) {
  grpc::ClientContext context;
  RETURN_IF_ERROR(calls_->Prepare(options, context));
  return calls_->Watch(request, on_update, context);
}

}  // namespace transformerd
