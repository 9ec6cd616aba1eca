#include "server/scheduling/batching_policy.h"

#include <algorithm>
#include <utility>

namespace transformerd {
namespace {

// The longest prefix within the limits of live jobs that want the same outputs.
struct Prefix {
  std::vector<int> jobs;
  int64_t tokens = 0, sequences = 0;
  bool is_full = false;  // no mate that may still come would fit
};

Prefix TakePrefix(absl::Span<const QueuedJob> queue, absl::Time now,
                  const BatchLimits& limits) {
  Prefix prefix;
  for (int i = 0; i < static_cast<int>(queue.size()); ++i) {
    const QueuedJob& job = queue[i];
    if (job.deadline <= now) continue;
    if (!prefix.jobs.empty() &&
        job.outputs != queue[prefix.jobs.front()].outputs) {
      continue;
    }
    // Differences, because sums of huge requests could overflow.
    const bool fits =
        job.tokens <= limits.max_tokens - prefix.tokens &&
        job.sequences <= limits.max_sequences - prefix.sequences && !job.alone;
    if (!fits && !prefix.jobs.empty()) {
      prefix.is_full = true;
      break;
    }
    prefix.jobs.push_back(i);
    prefix.tokens += job.tokens;
    prefix.sequences += job.sequences;
    prefix.is_full = job.alone || prefix.tokens >= limits.max_tokens ||
                     prefix.sequences >= limits.max_sequences;
    if (prefix.is_full) break;
  }
  return prefix;
}

// When the delay of the live job that has waited longest ends; now where
// waiting until then would cost a job its deadline.
absl::Time EndOfDelay(absl::Span<const QueuedJob> queue, absl::Time now,
                      absl::Duration delay) {
  absl::Time end = absl::InfiniteFuture();
  absl::Time deadline = absl::InfiniteFuture();
  for (const QueuedJob& job : queue) {
    if (job.deadline <= now) continue;
    end = std::min(end, job.enqueued + delay);
    deadline = std::min(deadline, job.deadline);
  }
  return deadline <= end ? now : end;
}

}  // namespace

BatchDecision Decide(absl::Span<const QueuedJob> queue, absl::Time now,
                     const BatchLimits& limits) {
  Prefix prefix = TakePrefix(queue, now, limits);
  BatchDecision decision;
  if (prefix.jobs.empty()) return decision;
  const absl::Time due =
      prefix.is_full ? now : EndOfDelay(queue, now, limits.max_queue_delay);
  if (due <= now) {
    decision.dispatch = std::move(prefix.jobs);
  } else {
    decision.wait_until = due;
  }
  return decision;
}

}  // namespace transformerd
