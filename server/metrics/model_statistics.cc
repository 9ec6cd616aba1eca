#include "server/metrics/model_statistics.h"

#include <algorithm>

namespace transformerd {

void ModelStatistics::AddBatch(const BatchRecord& batch) {
  absl::MutexLock lock(&mutex_);
  int64_t rows = 0;
  for (const BatchRecord::Request& request : batch.requests) {
    rows += request.sequences;
    const absl::Duration duration = request.queue_time + batch.compute_time;
    if (batch.ok) {
      totals_.success.Add(duration);
      totals_.queue.Add(request.queue_time);
      totals_.compute_infer.Add(batch.compute_time);
    } else {
      totals_.fail.Add(duration);
    }
  }
  if (!batch.ok) return;
  totals_.inference_count += rows;
  ++totals_.execution_count;
  totals_.last_inference = std::max(totals_.last_inference, batch.end);
  totals_.batches[rows].Add(batch.compute_time);
}

void ModelStatistics::AddFailure(absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  totals_.fail.Add(duration);
}

void ModelStatistics::AddCoding(absl::Duration decode, absl::Duration encode) {
  absl::MutexLock lock(&mutex_);
  totals_.compute_input.Add(decode);
  totals_.compute_output.Add(encode);
}

StatisticsSnapshot ModelStatistics::snapshot() const {
  absl::MutexLock lock(&mutex_);
  return totals_;
}

}  // namespace transformerd
