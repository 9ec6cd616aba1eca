// One request on its way through the scheduler.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/error_details.h"
#include "model/runtime/inference.h"

namespace transformerd {

// The level of jobs that ask for none (priority 0).
inline constexpr uint64_t kDefaultPriority = 100;

// When a client may come again whose work was not done.
inline constexpr absl::Duration kRetryDelay = absl::Seconds(1);

// How work ends that nobody began to compute.
inline absl::Status DeadlinePassed() {
  return absl::DeadlineExceededError(
      "deadline passed before the request was computed");
}
inline absl::Status CancelledInTime() {
  return absl::CancelledError("cancelled before the request was computed");
}
inline absl::Status StoppingError() {
  return WithRetryDelay(absl::UnavailableError("the server is shutting down"),
                        kRetryDelay);
}

struct JobResult {
  InferenceOutput output;
  absl::Duration queue_time;    // from Submit to the start of its batch
  absl::Duration compute_time;  // of its whole batch
  int64_t batch_requests = 0;   // jobs in its batch, itself included
};

struct Job {
  InferenceInput input;
  absl::Time deadline = absl::InfiniteFuture();
  // 1 is served first; 0 stands for kDefaultPriority.
  uint64_t priority = 0;
  // Keeps the model loaded; dropped right after `done` has returned.
  std::shared_ptr<const void> keep_alive;
  // Called exactly once for a job that was accepted, on any thread, with no
  // lock held. Must not block: a worker may be the one that calls.
  absl::AnyInvocable<void(absl::StatusOr<JobResult>) &&> done;
};

}  // namespace transformerd
