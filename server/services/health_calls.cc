#include "server/services/health_calls.h"

#include "absl/strings/str_cat.h"
#include "server/services/service_names.h"

namespace transformerd {
namespace {

using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus StatusOf(const HealthState& state,
                                            absl::string_view name) {
  const std::optional<bool> serving = state.Get(name);
  if (!serving.has_value()) return HealthCheckResponse::SERVICE_UNKNOWN;
  return *serving ? HealthCheckResponse::SERVING
                  : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

void HealthCheckCall::Listen(HealthCallContext& context) {
  auto* call = new HealthCheckCall(context);
  context.service.RequestCheck(&call->server_context_, &call->request_,
                               &call->responder_, context.queue.get(),
                               context.queue.get(), &call->on_request_);
}

HealthCheckCall::HealthCheckCall(HealthCallContext& context)
    : context_(context),
      responder_(&server_context_),
      on_request_([this](bool ok) { OnRequest(ok); }),
      on_finish_([this](bool) { delete this; }) {}

void HealthCheckCall::OnRequest(bool ok) {
  if (!ok) {  // the server shuts down
    delete this;
    return;
  }
  Listen(context_);
  HealthCheckResponse response;
  response.set_status(StatusOf(context_.state, request_.service()));
  if (response.status() == HealthCheckResponse::SERVICE_UNKNOWN) {
    responder_.FinishWithError(
        grpc::Status(
            grpc::StatusCode::NOT_FOUND,
            absl::StrCat("unknown health service name, expected '', "
                         "'liveness', 'readiness', '",
                         kInferenceService, "', '", kTextService, "', '",
                         kModelService, "' or 'model/<name>'")),
        &on_finish_);
    return;
  }
  responder_.Finish(response, grpc::Status::OK, &on_finish_);
}

void HealthWatchCall::Listen(HealthCallContext& context) {
  auto* call = new HealthWatchCall(context);
  call->server_context_.AsyncNotifyWhenDone(&call->on_call_ended_);
  context.service.RequestWatch(&call->server_context_, &call->request_,
                               &call->writer_, context.queue.get(),
                               context.queue.get(), &call->on_request_);
}

HealthWatchCall::HealthWatchCall(HealthCallContext& context)
    : context_(context),
      writer_(&server_context_),
      on_request_([this](bool ok) { OnRequest(ok); }),
      on_write_([this](bool) { OnOperationEnded(); }),
      on_finish_([this](bool) { OnOperationEnded(); }),
      on_call_ended_([this](bool) { OnCallEnded(); }) {}

void HealthWatchCall::OnRequest(bool ok) {
  if (!ok) {  // the server shuts down; on_call_ended_ is not coming
    delete this;
    return;
  }
  Listen(context_);
  context_.watches.insert(this);
  Refresh();
}

void HealthWatchCall::Refresh() {
  if (is_busy_ || is_finished_ || has_ended_) return;
  // Before the status: what is sent once draining was seen is the last word.
  const bool is_draining = context_.state.is_draining();
  const auto status = StatusOf(context_.state, request_.service());
  if (status != sent_) {
    HealthCheckResponse response;
    response.set_status(status);
    sent_ = status;
    is_busy_ = true;
    writer_.Write(response, &on_write_);
  } else if (is_draining) {
    // An open stream would hold the server's shutdown to its deadline.
    is_busy_ = true;
    is_finished_ = true;
    writer_.Finish(
        grpc::Status(grpc::StatusCode::UNAVAILABLE, "the server is draining"),
        &on_finish_);
  }
}

void HealthWatchCall::OnOperationEnded() {
  is_busy_ = false;
  if (has_ended_) {
    DeleteIfGone();
  } else {
    Refresh();  // the state may have changed meanwhile
  }
}

void HealthWatchCall::OnCallEnded() {
  has_ended_ = true;
  DeleteIfGone();
}

void HealthWatchCall::DeleteIfGone() {
  if (!has_ended_ || is_busy_) return;
  context_.watches.erase(this);
  delete this;
}

}  // namespace transformerd
