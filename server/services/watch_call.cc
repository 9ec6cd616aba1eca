#include "server/services/watch_call.h"

#include <utility>
#include <vector>

#include "proto/status_codec.h"

namespace transformerd {

grpc::ServerWriteReactor<v1::WatchModelResponse>* WatchCall::Start(
    const ServingContext& serving, grpc::CallbackServerContext& context,
    Ticker& ticker, const v1::WatchModelRequest& request) {
  const std::shared_ptr<WatchCall> call(
      new WatchCall(serving, context, request));
  call->self_ = call;
  const ModelRepository& repository = serving.repository;
  if (absl::IsNotFound(repository.View(request.model()).status())) {
    // Its folder may be newer than the last look.
    repository.LookAsync(
        [call, &ticker](const absl::Status&) { Begin(call, ticker); });
  } else {
    Begin(call, ticker);
  }
  return call.get();
}

void WatchCall::Begin(const std::shared_ptr<WatchCall>& call, Ticker& ticker) {
  ticker.Add(call);
  call->OnTick();
}

WatchCall::WatchCall(const ServingContext& serving,
                     grpc::CallbackServerContext& context,
                     const v1::WatchModelRequest& request)
    : health_(serving.health),
      record_(serving, context, "WatchModel", kModelService),
      watch_(serving.repository, request.model(), request.follow()) {}

void WatchCall::OnTick() {
  absl::MutexLock lock(&mutex_);
  if (has_ended_) return;
  if (is_writing_) {
    has_missed_tick_ = true;
    return;
  }
  LookLocked();
}

void WatchCall::LookLocked() {
  absl::StatusOr<std::vector<v1::WatchModelResponse>> updates = watch_.Look();
  if (!updates.ok()) {
    EndLocked(updates.status());
    return;
  }
  for (v1::WatchModelResponse& update : *updates) {
    queue_.push_back(std::move(update));
  }
  GoOnLocked();
}

void WatchCall::GoOnLocked() {
  if (!queue_.empty()) {
    is_writing_ = true;
    StartWrite(&queue_.front());
  } else if (watch_.is_over()) {
    EndLocked(absl::OkStatus());
  } else if (health_.is_draining() && !watch_.is_in_load()) {
    EndLocked(absl::UnavailableError("the daemon is draining"));
  }
}

void WatchCall::OnWriteDone(bool ok) {
  absl::MutexLock lock(&mutex_);
  is_writing_ = false;
  if (!ok || is_cancelled_) {
    EndLocked(absl::CancelledError("the client has left"));
    return;
  }
  queue_.pop_front();
  if (queue_.empty() && std::exchange(has_missed_tick_, false) &&
      !watch_.is_over()) {
    LookLocked();
  } else {
    GoOnLocked();
  }
}

void WatchCall::OnCancel() {
  absl::MutexLock lock(&mutex_);
  is_cancelled_ = true;
  // A write that is under way ends soon, and then the call.
  if (has_ended_ || is_writing_) return;
  EndLocked(absl::CancelledError("the client has left"));
}

void WatchCall::EndLocked(const absl::Status& status) {
  has_ended_ = true;
  record_.Finish(status.code());
  Finish(ToGrpcStatus(status));
}

}  // namespace transformerd
