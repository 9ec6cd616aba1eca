#include "client/client.h"

#include <utility>

#include "absl/memory/memory.h"
#include "client/channel.h"
#include "client/text_calls.h"
#include "client/unary_calls.h"
#include "client/wire.h"
#include "grpcpp/channel.h"
#include "model/base/status_macros.h"
#include "proto/client_inference.grpc.pb.h"

namespace transformerd {
namespace {

using Stub = oip::GRPCInferenceService::StubInterface;

template <typename Request>
Request ForModel(absl::string_view model, absl::string_view version) {
  Request request;
  request.set_name(std::string(model));
  request.set_version(std::string(version));
  return request;
}

}  // namespace

// The protobuf side of a client.
class Client::Calls {
 public:
  explicit Calls(const ClientOptions& options)
      : Calls(MakeChannel(options.address, options.security), options) {}

  // Callbacks may start calls, so the stubs must still be there.
  ~Calls() { unary_.Close(); }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(
      UnaryCalls::BlockingMethod<Stub, Request, Response> method,
      const Request& request, const CallOptions& options) {
    return unary_.Call(*stub_, method, request, options);
  }

  void StartInfer(InferRequest request, const CallOptions& options,
                  InferDone done) {
    unary_.Start(*stub_->async(), &Stub::async_interface::ModelInfer,
                 ToWire(std::move(request)), options,
                 [done = std::move(done)](
                     absl::StatusOr<oip::ModelInferResponse> response) mutable {
                   if (response.ok()) {
                     done(FromWire(*std::move(response)));
                   } else {
                     done(std::move(response).status());
                   }
                 });
  }

  TextCalls& text() { return text_; }

 private:
  Calls(const std::shared_ptr<grpc::Channel>& channel,
        const ClientOptions& options)
      : unary_(options.default_timeout, options.security.bearer_token),
        stub_(oip::GRPCInferenceService::NewStub(channel)),
        text_(channel, unary_) {}

  UnaryCalls unary_;
  const std::unique_ptr<Stub> stub_;
  TextCalls text_;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Create(ClientOptions options) {
  RETURN_IF_ERROR(CheckAddress(options.address));
  RETURN_IF_ERROR(CheckTimeout(options.default_timeout));
  RETURN_IF_ERROR(CheckSecurity(options.security));
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
  calls_->StartInfer(std::move(request), options, std::move(done));
}

absl::StatusOr<EmbedResult> Client::Embed(EmbedRequest request,
                                          const CallOptions& options) {
  return calls_->text().Embed(std::move(request), options);
}

void Client::EmbedAsync(EmbedRequest request, const CallOptions& options,
                        EmbedDone done) {
  calls_->text().EmbedAsync(std::move(request), options, std::move(done));
}

absl::StatusOr<TokenizeResult> Client::Tokenize(TokenizeRequest request,
                                                const CallOptions& options) {
  return calls_->text().Tokenize(std::move(request), options);
}

void Client::TokenizeAsync(TokenizeRequest request, const CallOptions& options,
                           TokenizeDone done) {
  calls_->text().TokenizeAsync(std::move(request), options, std::move(done));
}

}  // namespace transformerd
