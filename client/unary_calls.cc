#include "client/unary_calls.h"

#include <chrono>

#include "absl/strings/str_cat.h"

namespace transformerd {

absl::Status CheckTimeout(absl::Duration timeout) {
  if (timeout > absl::ZeroDuration()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "timeout ", absl::FormatDuration(timeout), " is not positive"));
}

void UnaryCalls::Close() {
  // Copied, because a cancelled call may run its callback at once.
  absl::flat_hash_set<std::shared_ptr<AnyCall>> calls;
  {
    absl::MutexLock lock(&mutex_);
    is_closed_ = true;
    calls = started_;
  }
  for (const auto& call : calls) call->context.TryCancel();
  absl::MutexLock lock(&mutex_);
  mutex_.Await(absl::Condition(
      +[](decltype(started_)* started) { return started->empty(); },
      &started_));
}

absl::Status UnaryCalls::Prepare(const CallOptions& options,
                                 grpc::ClientContext& context) const {
  const absl::Duration timeout = options.timeout.value_or(default_timeout_);
  RETURN_IF_ERROR(CheckTimeout(timeout));
  if (timeout < absl::InfiniteDuration()) {
    context.set_deadline(std::chrono::system_clock::now() +
                         absl::ToChronoMicroseconds(timeout));
  }
  if (!bearer_token_.empty()) {
    context.AddMetadata("authorization",
                        absl::StrCat("Bearer ", bearer_token_));
  }
  return absl::OkStatus();
}

absl::Status UnaryCalls::Keep(std::shared_ptr<AnyCall> call) {
  absl::MutexLock lock(&mutex_);
  if (is_closed_) {
    return absl::CancelledError("the client is being destroyed");
  }
  started_.insert(std::move(call));
  return absl::OkStatus();
}

void UnaryCalls::Drop(AnyCall* call) {
  absl::MutexLock lock(&mutex_);
  started_.erase(call);
}

}  // namespace transformerd
