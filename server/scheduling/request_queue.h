// The waiting jobs of one model, in the order in which they are served.
#pragma once

#include <cstdint>
#include <map>
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

// Names a job in its queue; never used twice.
using JobNumber = uint64_t;

// A part of a job: all of it, unless it is larger than a batch.
struct WaitingJob {
  Job job;
  absl::Time enqueued;  // the whole job
  int64_t tokens = 0;
  std::vector<int> outputs;  // of the job, ascending
  bool is_last = true;       // of the job's parts
};

// Lower levels are served first, first come first served within one. A job of
// several parts has one of them in line at a time: when that is taken, the next
// one goes behind all that waits in its level, so that many parts hold up
// nobody, and idle workers still share them when nobody else waits.
//
// Owns its jobs; knows no limits and completes nothing. Not thread-safe.
class RequestQueue {
 public:
  // Takes a job as the parts in which it will run, at least one; all have its
  // priority and deadline.
  JobNumber Push(std::vector<Job> parts, absl::Time now);

  // The next parts of the first `count` jobs, or of all; valid until the queue
  // changes.
  std::vector<QueuedJob> Head(int64_t count) const;
  // Takes out the parts at these ascending places of Head().
  std::vector<WaitingJob> TakeAt(absl::Span<const int> places);
  // Takes out what waits of a job; empty if there is no such job, or no longer.
  std::vector<WaitingJob> Take(JobNumber job);
  // Takes out the jobs with a deadline at or before `now`.
  std::vector<WaitingJob> TakeExpired(absl::Time now);
  std::vector<WaitingJob> TakeAll();

  // The earliest deadline; InfiniteFuture when there is none.
  absl::Time next_deadline() const;
  bool empty() const { return line_.empty(); }
  // Jobs of which something waits, each once.
  int64_t requests() const { return static_cast<int64_t>(line_.size()); }
  // Of what waits of them.
  int64_t tokens() const { return tokens_; }

 private:
  // Level and number: of the job at first, higher ones further back.
  using Place = std::pair<uint64_t, uint64_t>;
  struct Entry {
    JobNumber job = 0;
    absl::Time deadline;
    std::vector<WaitingJob> parts;  // never empty; the next one is the last
  };
  using Line = std::map<Place, Entry>;

  WaitingJob TakeNext(Line::iterator position);
  // Moves all parts to the end of `taken`.
  void TakeRest(Line::iterator position, std::vector<WaitingJob>& taken);
  void MoveToTheBack(Line::iterator position);
  void Remove(Line::iterator position);

  Line line_;
  std::map<JobNumber, Line::iterator> jobs_;
  std::set<std::pair<absl::Time, JobNumber>> deadlines_;
  uint64_t last_number_ = 0;
  int64_t tokens_ = 0;
};

}  // namespace transformerd
