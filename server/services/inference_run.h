// What one call wants computed, from its rows to the answer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/runtime/inference.h"
#include "model/text/tokenizer.h"
#include "server/metrics/model_statistics.h"
#include "server/scheduling/job.h"
#include "server/scheduling/scheduler.h"
#include "server/services/model_queues.h"
#include "server/services/serving_context.h"
#include "server/services/text_rows.h"

namespace transformerd {

struct InferenceWork {
  std::shared_ptr<const ModelQueue> queue;
  // Validated rows; only the outputs where there is text.
  InferenceInput input;
  std::optional<TextRows> text;
  absl::Time deadline;  // by the server's clock
  uint64_t priority = 0;
};

struct InferenceAnswer {
  InferenceOutput output;
  std::vector<int64_t> lengths;  // tokens of each row
  // Without what the call itself spends; input is the time from text to tokens,
  // waiting for a thread included.
  RequestTimes times;
};

// Tokenizes where there is text, queues, and hands the answer on. Held by a
// shared_ptr, as it stays until its work has ended. Thread-safe.
class InferenceRun : public std::enable_shared_from_this<InferenceRun> {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<InferenceAnswer>) &&>;

  explicit InferenceRun(const ServingContext& serving) : serving_(serving) {}

  // On OK `done` is called exactly once, on any thread and perhaps before this
  // returns, and never on an error: RESOURCE_EXHAUSTED and UNAVAILABLE as the
  // scheduler and the text pool say it. Once.
  absl::Status Start(InferenceWork work, Done done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Nobody wants the answer any more: what was not computed will not be, and
  // `done` gets CANCELLED. False where a worker was at it already, whose answer
  // will be thrown away. Has no effect once `done` has been called.
  bool Cancel() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Status Tokenize();
  absl::Status TokenizeRow(int64_t row) ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status OnTokenized() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status Submit() ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status CheckWanted() ABSL_LOCKS_EXCLUDED(mutex_);
  void Finish(absl::StatusOr<InferenceAnswer> answer)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const ServingContext& serving_;
  // Set by Start; from then on one thread at a time changes them.
  InferenceWork work_;
  Done done_;
  absl::Time start_;
  std::vector<TokenRow> rows_;
  InferenceAnswer answer_;

  absl::Mutex mutex_;
  std::optional<JobTicket> ticket_ ABSL_GUARDED_BY(mutex_);
  bool is_cancelled_ ABSL_GUARDED_BY(mutex_) = false;
  bool has_ended_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace transformerd
