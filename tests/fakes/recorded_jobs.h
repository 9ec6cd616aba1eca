// Jobs for scheduling tests, and how they ended.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/scheduling/job.h"

namespace transformerd {

// Fails the test when a job is completed twice. Thread-safe; must outlive its
// jobs.
class RecordedJobs {
 public:
  // A job of one row with `tokens` tokens, the first of which is `id`.
  Job Make(int64_t id, int64_t tokens = 1);

  // Ids in the order of completion.
  std::vector<int64_t> completed() const;
  // How job `id` ended; NOT_FOUND where it did not.
  absl::StatusOr<JobResult> result(int64_t id) const;
  // Blocks until `count` jobs are completed.
  void AwaitCompleted(int count) const;

 private:
  void Complete(int64_t id, absl::StatusOr<JobResult> result);

  mutable absl::Mutex mutex_;
  std::vector<int64_t> completed_ ABSL_GUARDED_BY(mutex_);
  std::map<int64_t, absl::StatusOr<JobResult>> results_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
