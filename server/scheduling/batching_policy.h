// Which waiting jobs go into the next batch, and when. Pure: no clock, no lock.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace transformerd {

// What the policy knows of a waiting job.
struct QueuedJob {
  int64_t tokens = 0;     // that will be computed
  int64_t sequences = 1;  // rows of the request
  absl::Time enqueued;
  absl::Time deadline = absl::InfiniteFuture();
  bool alone = false;  // never shares a batch
  // Of the model that it wants, ascending. A batch computes its outputs for all
  // rows, and some are far larger than others: mates want the same ones.
  absl::Span<const int> outputs;
};

// Most that one forward pass takes. A job over a limit on its own runs alone.
struct BatchLimits {
  int64_t max_tokens = 16384;
  // Counted in rows, as max_batch_size of ModelConfig is.
  int64_t max_sequences = 256;
  // Longest wait of an idle worker for batch mates.
  absl::Duration max_queue_delay;
};

struct BatchDecision {
  // Ascending indices of the jobs to run now; empty: nothing to run yet.
  std::vector<int> dispatch;
  // Where nothing is dispatched, when to decide again unless jobs come or go.
  absl::Time wait_until = absl::InfiniteFuture();
};

// Decides for an idle worker. `queue` is in the order in which jobs are served.
// Without jobs whose deadline has come, a batch is the longest prefix within
// the limits of the jobs that want the same outputs as the first. Jobs that
// would miss their deadline by waiting for mates do not wait.
BatchDecision Decide(absl::Span<const QueuedJob> queue, absl::Time now,
                     const BatchLimits& limits);

}  // namespace transformerd
