#include "server/services/statistics_answer.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace transformerd {
namespace {

void Write(const DurationStatistic& from, inference::StatisticDuration* to) {
  to->set_count(from.count);
  to->set_ns(absl::ToInt64Nanoseconds(from.total));
}

}  // namespace

inference::ModelStatistics DescribeStatistics(
    absl::string_view name, int64_t version,
    const StatisticsSnapshot& snapshot) {
  inference::ModelStatistics described;
  described.set_name(std::string(name));
  described.set_version(absl::StrCat(version));
  if (snapshot.last_inference != absl::InfinitePast()) {
    described.set_last_inference(absl::ToUnixMillis(snapshot.last_inference));
  }
  described.set_inference_count(snapshot.inference_count);
  described.set_execution_count(snapshot.execution_count);
  auto* requests = described.mutable_inference_stats();
  Write(snapshot.success, requests->mutable_success());
  Write(snapshot.fail, requests->mutable_fail());
  Write(snapshot.queue, requests->mutable_queue());
  Write(snapshot.compute_input, requests->mutable_compute_input());
  Write(snapshot.compute_infer, requests->mutable_compute_infer());
  Write(snapshot.compute_output, requests->mutable_compute_output());
  for (const auto& [rows, duration] : snapshot.batches) {
    auto* batch = described.add_batch_stats();
    batch->set_batch_size(rows);
    Write(duration, batch->mutable_compute_infer());
  }
  return described;
}

}  // namespace transformerd
