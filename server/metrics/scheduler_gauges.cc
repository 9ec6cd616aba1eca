#include "server/metrics/scheduler_gauges.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <utility>

namespace transformerd {
namespace {

// Shorter spans would make the ratio jump between 0 and 1.
constexpr absl::Duration kShortestSpan = absl::Seconds(5);

}  // namespace

SchedulerGauges::SchedulerGauges(const Scheduler& scheduler,
                                 std::vector<std::string> devices,
                                 const Clock& clock, Metrics& metrics)
    : scheduler_(scheduler),
      devices_(std::move(devices)),
      clock_(clock),
      metrics_(metrics),
      span_begin_(clock.Now()) {
  metrics_.SetCapacityUsedRatio(0);
}

void SchedulerGauges::Refresh() {
  absl::MutexLock lock(&mutex_);
  // While a model is reloaded it has two queues, and none without requests:
  // what was shown before then goes back to zero.
  std::map<std::pair<std::string, std::string>, QueueDepth> depths;
  for (const auto& model : pending_) depths[model] = QueueDepth();
  pending_.clear();
  for (const QueueDepth& depth : scheduler_.depths()) {
    QueueDepth& sum = depths[{depth.model, depth.version}];
    sum.requests += depth.requests;
    sum.tokens += depth.tokens;
  }
  for (const auto& [model, depth] : depths) {
    metrics_.ForModel(model.first, model.second)
        .SetPending(depth.requests, depth.tokens);
    if (depth.requests > 0) pending_.insert(model);
  }
  for (int rank = 0; rank < scheduler_.num_workers(); ++rank) {
    metrics_.SetWorker(rank, devices_[rank], !scheduler_.is_stopped(),
                       scheduler_.busy_for(rank));
  }
  RefreshCapacityLocked();
}

void SchedulerGauges::RefreshCapacityLocked() {
  const absl::Time now = clock_.Now();
  const absl::Duration span = now - span_begin_;
  if (span < kShortestSpan) return;
  const absl::Duration busy = scheduler_.total_busy_time();
  const double ratio = absl::FDivDuration(busy - busy_at_begin_,
                                          span * scheduler_.num_workers());
  metrics_.SetCapacityUsedRatio(std::clamp(ratio, 0.0, 1.0));
  span_begin_ = now;
  busy_at_begin_ = busy;
}

}  // namespace transformerd
