#include "server/services/load_call.h"

#include <utility>

#include "proto/status_codec.h"
#include "server/services/repository_parameters.h"

namespace transformerd {

grpc::ServerUnaryReactor* LoadCall::Start(
    const ServingContext& serving, grpc::CallbackServerContext& context,
    const inference::RepositoryModelLoadRequest& request) {
  auto* call = new LoadCall(serving, context);
  call->record_.SetModel(request.model_name());
  const absl::StatusOr<LoadParameters> parameters = ReadLoadParameters(request);
  if (!parameters.ok()) {
    call->End(parameters.status());
    return call;
  }
  // gRPC does not let go of the call before it was returned to it, however
  // early the load is done.
  LoadTicket ticket = call->repository_.LoadAsync(
      request.model_name(), *parameters,
      [call](const absl::Status& status) { call->End(status); });
  absl::MutexLock lock(&call->mutex_);
  call->ticket_ = std::move(ticket);
  return call;
}

LoadCall::LoadCall(const ServingContext& serving,
                   grpc::CallbackServerContext& context)
    : repository_(serving.repository),
      record_(serving, context, "RepositoryModelLoad") {}

void LoadCall::End(const absl::Status& status) {
  record_.Finish(status.code());
  Finish(ToGrpcStatus(status));
}

void LoadCall::OnCancel() {
  std::optional<LoadTicket> ticket;
  {
    absl::MutexLock lock(&mutex_);
    ticket = std::exchange(ticket_, std::nullopt);
  }
  // Has no effect where the load is done.
  if (ticket.has_value()) repository_.Abandon(*ticket);
}

}  // namespace transformerd
