#include "tests/fakes/recorded_jobs.h"

#include <utility>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_loaded_model.h"

namespace transformerd {

Job RecordedJobs::Make(int64_t id, int64_t tokens) {
  std::vector<int64_t> ids(tokens, 1);
  ids[0] = id;
  Job job;
  job.input = MakeInput(std::move(ids));
  job.done = [this, id](absl::StatusOr<JobResult> result) {
    Complete(id, std::move(result));
  };
  return job;
}

std::vector<int64_t> RecordedJobs::completed() const {
  absl::MutexLock lock(&mutex_);
  return completed_;
}

absl::StatusOr<JobResult> RecordedJobs::result(int64_t id) const {
  absl::MutexLock lock(&mutex_);
  const auto found = results_.find(id);
  if (found == results_.end()) return absl::NotFoundError("not completed");
  return found->second;
}

void RecordedJobs::AwaitCompleted(int count) const {
  const auto are_completed = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return static_cast<int>(completed_.size()) >= count;
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&are_completed));
}

void RecordedJobs::Complete(int64_t id, absl::StatusOr<JobResult> result) {
  absl::MutexLock lock(&mutex_);
  completed_.push_back(id);
  EXPECT_TRUE(results_.emplace(id, std::move(result)).second)
      << "job " << id << " was completed twice";
}

}  // namespace transformerd
