// Counts and times of one model in the terms of Triton's statistics extension.
#pragma once

#include <cstdint>
#include <map>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/queue_observer.h"

namespace transformerd {

// How often something happened, and how long it took in all.
struct DurationStatistic {
  int64_t count = 0;
  absl::Duration total;

  void Add(absl::Duration duration) {
    ++count;
    total += duration;
  }
};

// Where the time of one answered request went.
struct RequestTimes {
  absl::Duration queue;
  absl::Duration input;  // decoding, tokenizing
  absl::Duration infer;
  absl::Duration output;  // encoding
};

struct StatisticsSnapshot {
  int64_t inference_count = 0;  // rows answered
  int64_t execution_count = 0;  // forward passes that succeeded
  absl::Time last_inference = absl::InfinitePast();
  DurationStatistic success, fail, queue;
  DurationStatistic compute_input, compute_infer, compute_output;
  // By rows of a batch: its forward pass.
  std::map<int64_t, DurationStatistic> batches;
};

// Thread-safe.
class ModelStatistics {
 public:
  void AddBatch(const BatchRecord& batch) ABSL_LOCKS_EXCLUDED(mutex_);
  // A request that was refused, or accepted and not computed.
  void AddFailure(absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);
  // All at once: clients refuse statistics in which the counts of a request's
  // stages differ.
  void AddAnswer(const RequestTimes& times) ABSL_LOCKS_EXCLUDED(mutex_);

  StatisticsSnapshot snapshot() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  StatisticsSnapshot totals_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
