#include "server/services/load_operation_call.h"

#include <memory>
#include <utility>

#include "proto/status_codec.h"
#include "server/services/model_messages.h"
#include "server/services/typed_parameters.h"

namespace transformerd {
namespace {

// Starts a load that nobody waits for: it goes on by itself.
absl::StatusOr<int64_t> StartDetached(ModelRepository& repository,
                                      const std::string& model,
                                      const LoadParameters& parameters) {
  const auto refused = std::make_shared<absl::Status>();
  const LoadTicket ticket = repository.LoadAsync(
      model, parameters,
      [refused](absl::Status outcome) { *refused = std::move(outcome); });
  // Without a ticket the outcome was told before the call returned; with one it
  // may be told any time, and is not for this caller.
  if (ticket.id == 0) return *refused;
  return ticket.operation;
}

}  // namespace

grpc::ServerUnaryReactor* LoadOperationCall::Start(
    const ServingContext& serving, grpc::CallbackServerContext& context,
    const v1::LoadModelRequest& request, v1::LoadModelResponse& response) {
  auto* call = new LoadOperationCall(serving, context, response);
  call->record_.SetModel(request.model());
  response.set_model(request.model());
  const absl::StatusOr<LoadParameters> parameters =
      FromMessage(request.parameters());
  if (!parameters.ok()) {
    call->End(parameters.status());
    return call;
  }
  if (request.detach()) {
    // Its client hears of a wrong name now or never.
    serving.repository.LookAsync(
        [call, parameters = *parameters](const absl::Status& looked) {
          call->Detach(looked, parameters);
        });
    return call;
  }
  // gRPC does not let go of the call before it was returned to it, however
  // early the load is done.
  call->OnStarted(serving.repository.LoadAsync(
      request.model(), *parameters,
      [call](absl::Status outcome) { call->OnLoaded(std::move(outcome)); }));
  return call;
}

void LoadOperationCall::Detach(const absl::Status& looked,
                               const LoadParameters& parameters) {
  absl::Status status = looked;
  if (status.ok()) status = repository_.View(response_.model()).status();
  if (status.ok()) {
    const absl::StatusOr<int64_t> operation =
        StartDetached(repository_, response_.model(), parameters);
    if (operation.ok()) response_.set_operation(*operation);
    status = operation.status();
  }
  End(status);
}

LoadOperationCall::LoadOperationCall(const ServingContext& serving,
                                     grpc::CallbackServerContext& context,
                                     v1::LoadModelResponse& response)
    : repository_(serving.repository),
      record_(serving, context, "LoadModel", kModelService),
      response_(response) {}

void LoadOperationCall::OnLoaded(absl::Status outcome) {
  int64_t operation = 0;
  {
    absl::MutexLock lock(&mutex_);
    outcome_ = outcome;
    if (!ticket_.has_value()) return;
    operation = ticket_->operation;
  }
  Answer(outcome, operation);
}

void LoadOperationCall::OnStarted(LoadTicket ticket) {
  const int64_t operation = ticket.operation;
  std::optional<absl::Status> outcome;
  {
    absl::MutexLock lock(&mutex_);
    ticket_ = std::move(ticket);
    outcome = outcome_;
  }
  if (outcome.has_value()) Answer(*outcome, operation);
}

void LoadOperationCall::OnCancel() {
  std::optional<LoadTicket> ticket;
  {
    absl::MutexLock lock(&mutex_);
    ticket = ticket_;
  }
  // Has no effect where the load is done.
  if (ticket.has_value()) repository_.Abandon(*ticket);
}

void LoadOperationCall::Answer(const absl::Status& outcome, int64_t operation) {
  if (outcome.ok()) {
    response_.set_operation(operation);
    *response_.mutable_versions() =
        LoadedVersions(repository_, response_.model());
  }
  End(outcome);
}

void LoadOperationCall::End(const absl::Status& status) {
  record_.Finish(status.code());
  Finish(ToGrpcStatus(status));
}

}  // namespace transformerd
