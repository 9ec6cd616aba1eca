// Gauges that are read from the scheduler whenever metrics are exposed.
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"

namespace transformerd {

// pending_requests, pending_tokens, capacity_used_ratio and the heartbeats of
// the workers. Thread-safe.
//
//   SchedulerGauges gauges(scheduler, {"cpu"}, clock, metrics);
//   metrics.AddRefresh([&gauges] { gauges.Refresh(); });
class SchedulerGauges {
 public:
  // One device a worker. The arguments must outlive this.
  SchedulerGauges(const Scheduler& scheduler, std::vector<std::string> devices,
                  const Clock& clock, Metrics& metrics);

  void Refresh() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void RefreshCapacityLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Scheduler& scheduler_;
  const std::vector<std::string> devices_;
  const Clock& clock_;
  Metrics& metrics_;

  absl::Mutex mutex_;
  // Models and versions that were last shown with requests waiting.
  std::set<std::pair<std::string, std::string>> pending_
      ABSL_GUARDED_BY(mutex_);
  // Begin of the present span over which the used capacity is taken.
  absl::Time span_begin_ ABSL_GUARDED_BY(mutex_);
  absl::Duration busy_at_begin_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
