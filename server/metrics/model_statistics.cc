#include "server/metrics/model_statistics.h"

#include <algorithm>

namespace transformerd {

void ModelStatistics::AddBatch(const BatchRecord& batch) {
  if (!batch.ok) return;
  absl::MutexLock lock(&mutex_);
  totals_.inference_count += batch.sequences;
  ++totals_.execution_count;
  totals_.last_inference = std::max(totals_.last_inference, batch.end);
  totals_.batches[batch.sequences].Add(batch.compute_time);
}

void ModelStatistics::AddFailure(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  totals_.fail.Add(duration);
}

void ModelStatistics::AddAnswer(const RequestTimes& times) {
  absl::MutexLock lock(&mutex_);
  totals_.success.Add(times.queue + times.input + times.infer + times.output);
  totals_.queue.Add(times.queue);
  totals_.compute_input.Add(times.input);
  totals_.compute_infer.Add(times.infer);
  totals_.compute_output.Add(times.output);
}

StatisticsSnapshot ModelStatistics::snapshot() const {
  absl::MutexLock lock(&mutex_);
  return totals_;
}

}  // namespace transformerd
