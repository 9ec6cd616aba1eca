// The waiting jobs of one model, in the order in which they are served.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "server/scheduling/batching_policy.h"
#include "server/scheduling/job.h"

namespace transformerd {

// Admission limits of one model.
struct QueueLimits {
  int64_t max_requests = 4096;
  int64_t max_tokens = 1048576;
};

// Place in the queue: lower levels first, first come first served within one.
struct JobKey {
  uint64_t level = 0;
  uint64_t number = 0;

  bool operator<(const JobKey& other) const {
    return level != other.level ? level < other.level : number < other.number;
  }
};

struct WaitingJob {
  Job job;
  absl::Time enqueued;
  int64_t tokens = 0;
  std::vector<int> outputs;  // of the job, ascending
};

// Owns its jobs; knows no limits and completes nothing. Not thread-safe.
class RequestQueue {
 public:
  // Takes `job`, whose place the key then names.
  JobKey Push(Job job, absl::Time now);

  // The first `count` jobs, or all of them; valid until the queue changes.
  std::vector<QueuedJob> Head(int64_t count) const;
  // Takes out the jobs at these ascending places of Head().
  std::vector<WaitingJob> TakeAt(absl::Span<const int> places);
  // Nothing if there is no such job, or no longer.
  std::optional<WaitingJob> Take(const JobKey& key);
  // Takes out the jobs with a deadline at or before `now`.
  std::vector<WaitingJob> TakeExpired(absl::Time now);
  std::vector<WaitingJob> TakeAll();

  // The earliest deadline; InfiniteFuture when there is none.
  absl::Time next_deadline() const;
  bool empty() const { return jobs_.empty(); }
  int64_t requests() const { return static_cast<int64_t>(jobs_.size()); }
  int64_t tokens() const { return tokens_; }

 private:
  using Jobs = std::map<JobKey, WaitingJob>;

  WaitingJob Remove(Jobs::iterator position);

  Jobs jobs_;
  std::set<std::pair<absl::Time, JobKey>> deadlines_;
  uint64_t last_number_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace transformerd
