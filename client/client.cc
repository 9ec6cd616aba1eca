#include "client/client.h"

#include <chrono>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "client/channel.h"
#include "client/wire.h"
#include "grpcpp/client_context.h"
#include "model/base/status_macros.h"
#include "proto/client_inference.grpc.pb.h"
#include "proto/status_codec.h"

namespace transformerd {
namespace {

using Stub = oip::GRPCInferenceService::StubInterface;

// A blocking method of the generated client.
template <typename Request, typename Response>
using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&,
                                      Response*);

absl::Status CheckTimeout(absl::Duration timeout) {
  if (timeout > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "timeout ", absl::FormatDuration(timeout), " is not positive"));
}

template <typename Request>
Request ForModel(absl::string_view model, absl::string_view version) {
  Request request;
  request.set_name(std::string(model));
  request.set_version(std::string(version));
  return request;
}

struct InferCall {
  grpc::ClientContext context;
  oip::ModelInferRequest request;
  oip::ModelInferResponse response;
  Client::InferDone done;
};

}  // namespace

// The protobuf side of a client.
class Client::Calls {
 public:
  explicit Calls(const ClientOptions& options)
      : default_timeout_(options.default_timeout),
        stub_(
            oip::GRPCInferenceService::NewStub(MakeChannel(options.address))) {}

  ~Calls() {
    CancelAll();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(
        +[](decltype(pending_)* pending) { return pending->empty(); },
        &pending_));
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(Method<Request, Response> method,
                                const Request& request,
                                const CallOptions& options) {
    grpc::ClientContext context;
    RETURN_IF_ERROR(SetDeadline(options, context));
    Response response;
    RETURN_IF_ERROR(
        FromGrpcStatus((stub_.get()->*method)(&context, request, &response)));
    return response;
  }

  void Start(InferRequest request, const CallOptions& options, InferDone done) {
    auto call = std::make_shared<InferCall>();
    absl::Status status = SetDeadline(options, call->context);
    if (status.ok()) {
      absl::StatusOr<oip::ModelInferRequest> wire = ToWire(std::move(request));
      status = wire.status();
      if (wire.ok()) call->request = *std::move(wire);
    }
    if (!status.ok()) {
      done(std::move(status));
      return;
    }
    call->done = std::move(done);
    {
      absl::MutexLock lock(&mutex_);
      pending_[call.get()] = call;
    }
    stub_->async()->ModelInfer(
        &call->context, &call->request, &call->response,
        [this, call = call.get()](const grpc::Status& status) {
          Finish(call, FromGrpcStatus(status));
        });
  }

 private:
  absl::Status SetDeadline(const CallOptions& options,
                           grpc::ClientContext& context) const {
    const absl::Duration timeout = options.timeout.value_or(default_timeout_);
    RETURN_IF_ERROR(CheckTimeout(timeout));
    if (timeout < absl::InfiniteDuration()) {
      context.set_deadline(std::chrono::system_clock::now() +
                           absl::ToChronoMicroseconds(timeout));
    }
    return absl::OkStatus();
  }

  void Finish(InferCall* call, absl::Status status) {
    if (status.ok()) {
      call->done(FromWire(std::move(call->response)));
    } else {
      call->done(std::move(status));
    }
    // Only now: the destructor waits for callbacks that still run.
    absl::MutexLock lock(&mutex_);
    pending_.erase(call);
  }

  void CancelAll() {
    // Copied, because a cancelled call may run its callback at once.
    absl::flat_hash_map<InferCall*, std::shared_ptr<InferCall>> calls;
    {
      absl::MutexLock lock(&mutex_);
      calls = pending_;
    }
    for (const auto& [call, owner] : calls) call->context.TryCancel();
  }

  const absl::Duration default_timeout_;
  const std::unique_ptr<Stub> stub_;
  absl::Mutex mutex_;
  absl::flat_hash_map<InferCall*, std::shared_ptr<InferCall>> pending_
      ABSL_GUARDED_BY(mutex_);
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  RETURN_IF_ERROR(CheckAddress(options.address));
  RETURN_IF_ERROR(CheckTimeout(options.default_timeout));
  return absl::WrapUnique(new Client(std::make_unique<Calls>(options)));
}

Client::Client(std::unique_ptr<Calls> calls) : calls_(std::move(calls)) {}

Client::~Client() = default;

absl::StatusOr<bool> Client::ServerLive(const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const oip::ServerLiveResponse response,
      calls_->Call(&Stub::ServerLive, oip::ServerLiveRequest(), options));
  return response.live();
}

absl::StatusOr<bool> Client::ServerReady(const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const oip::ServerReadyResponse response,
      calls_->Call(&Stub::ServerReady, oip::ServerReadyRequest(), options));
  return response.ready();
}

absl::StatusOr<ServerDescription> Client::ServerMetadata(
    const CallOptions& options) {
  ASSIGN_OR_RETURN(const oip::ServerMetadataResponse response,
                   calls_->Call(&Stub::ServerMetadata,
                                oip::ServerMetadataRequest(), options));
  return FromWire(response);
}

absl::StatusOr<bool> Client::ModelReady(absl::string_view model,
                                        absl::string_view version,
                                        const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const oip::ModelReadyResponse response,
      calls_->Call(&Stub::ModelReady,
                   ForModel<oip::ModelReadyRequest>(model, version), options));
  return response.ready();
}

absl::StatusOr<ModelDescription> Client::ModelMetadata(
    absl::string_view model, absl::string_view version,
    const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const oip::ModelMetadataResponse response,
      calls_->Call(&Stub::ModelMetadata,
                   ForModel<oip::ModelMetadataRequest>(model, version),
                   options));
  return FromWire(response);
}

absl::StatusOr<ModelConfiguration> Client::ModelConfig(
    absl::string_view model, absl::string_view version,
    const CallOptions& options) {
  ASSIGN_OR_RETURN(
      const oip::ModelConfigResponse response,
      calls_->Call(&Stub::ModelConfig,
                   ForModel<oip::ModelConfigRequest>(model, version), options));
  return FromWire(response);
}

absl::StatusOr<std::vector<ModelListing>> Client::RepositoryIndex(
    const CallOptions& options) {
  ASSIGN_OR_RETURN(const oip::RepositoryIndexResponse response,
                   calls_->Call(&Stub::RepositoryIndex,
                                oip::RepositoryIndexRequest(), options));
  return FromWire(response);
}

absl::Status Client::Load(absl::string_view model, const Parameters& parameters,
                          const CallOptions& options) {
  ASSIGN_OR_RETURN(const oip::RepositoryModelLoadRequest request,
                   ToLoadRequest(model, parameters));
  return calls_->Call(&Stub::RepositoryModelLoad, request, options).status();
}

absl::Status Client::Unload(absl::string_view model,
                            const CallOptions& options) {
  oip::RepositoryModelUnloadRequest request;
  request.set_model_name(std::string(model));
  return calls_->Call(&Stub::RepositoryModelUnload, request, options).status();
}

absl::StatusOr<InferResult> Client::Infer(InferRequest request,
                                          const CallOptions& options) {
  ASSIGN_OR_RETURN(const oip::ModelInferRequest wire,
                   ToWire(std::move(request)));
  ASSIGN_OR_RETURN(oip::ModelInferResponse response,
                   calls_->Call(&Stub::ModelInfer, wire, options));
  return FromWire(std::move(response));
}

void Client::InferAsync(InferRequest request, const CallOptions& options,
                        InferDone done) {
  calls_->Start(std::move(request), options, std::move(done));
}

}  // namespace transformerd
