// Holds requests of all models until a worker is idle, and runs them in
// batches.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/runtime/loaded_model.h"
#include "server/scheduling/batch.h"
#include "server/scheduling/batching_policy.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/job.h"
#include "server/scheduling/queue_observer.h"
#include "server/scheduling/request_queue.h"

namespace transformerd {

// Names one open queue; never used twice.
using QueueId = uint64_t;

struct QueueOptions {
  std::string model, version;  // for messages and metrics
  BatchLimits batch;
  QueueLimits limits;
  // Not owned, may be null; must outlive the scheduler.
  QueueObserver* observer = nullptr;
};

// Names an accepted job, for Cancel().
struct JobTicket {
  QueueId queue = 0;
  JobNumber job = 0;
  size_t num_parts = 0;
};

// Of a call that was let in; it ends with the last copy, which must not outlive
// the scheduler.
using CallAdmission = std::shared_ptr<const void>;

// What waits for one model.
struct QueueDepth {
  std::string model, version;
  int64_t requests = 0, tokens = 0;
};

// Every model in memory has a bounded queue here. Idle workers pull: RunOne()
// takes the next batch of the models in turn. A job that is accepted is
// completed exactly once: with its answer, or with the error of its batch,
// DEADLINE_EXCEEDED at its deadline while it is queued, CANCELLED, or
// UNAVAILABLE when the scheduler stops or its queue is closed.
//
// Thread-safe. A thread of its own completes jobs whose deadline passes, so
// that they end in time when every worker is busy.
class Scheduler {
 public:
  // `clock` must outlive the scheduler.
  Scheduler(int num_workers, Clock& clock);
  // Stops. All calls of RunOne must have returned, or return on Stop().
  ~Scheduler();

  // Opens the queue of a model, which must live until the queue is closed and
  // the last job's keep_alive is dropped.
  QueueId OpenQueue(LoadedModel& model, QueueOptions options)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Completes what still waits with UNAVAILABLE and forgets the queue. Does not
  // wait for a running batch. May be called by the destructor of a keep_alive.
  void CloseQueue(QueueId queue) ABSL_LOCKS_EXCLUDED(mutex_);

  // Lets a new call in, whose work a drain waits for from now on, submitted or
  // not. UNAVAILABLE with a retry delay once a drain began.
  absl::StatusOr<CallAdmission> AdmitCall() ABSL_LOCKS_EXCLUDED(mutex_);

  // Accepts a job, or drops it without calling `done`: RESOURCE_EXHAUSTED where
  // the queue is full, UNAVAILABLE where the scheduler was stopped or the queue
  // closed, DEADLINE_EXCEEDED where the deadline has passed. A job of more rows
  // or tokens than a batch takes is run in several, others having their turn in
  // between. `done` may be called before this returns.
  absl::StatusOr<JobTicket> Submit(QueueId queue, Job job)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Completes a job that still waits with CANCELLED, before this returns. False
  // where it is running or completed, or its queue is closed; what still waits
  // of a job that runs in several batches is dropped then, too.
  bool Cancel(const JobTicket& ticket) ABSL_LOCKS_EXCLUDED(mutex_);

  // Blocks until a batch is due, runs it on worker `worker` (in [0,
  // num_workers), one thread at a time) and completes its jobs. False, without
  // having run anything, once the scheduler is stopped.
  bool RunOne(int worker) ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on no call is let in. Those that were may still submit what they
  // are preparing, and workers finish it.
  void Drain() ABSL_LOCKS_EXCLUDED(mutex_);
  // Waits until every call that was let in has ended and every accepted job is
  // completed; false if `deadline` came first.
  bool AwaitIdle(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mutex_);
  // Drains, completes what still waits with UNAVAILABLE and sends workers home.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

  int num_workers() const { return num_workers_; }
  bool is_stopped() const ABSL_LOCKS_EXCLUDED(mutex_);
  // One entry a queue, in the order of opening.
  std::vector<QueueDepth> depths() const ABSL_LOCKS_EXCLUDED(mutex_);
  // How long a worker has been at its present batch; zero when it is idle.
  absl::Duration busy_for(int worker) const ABSL_LOCKS_EXCLUDED(mutex_);
  // Time that all workers together have spent on batches.
  absl::Duration total_busy_time() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Queue {
    LoadedModel* model;
    QueueOptions options;
    RequestQueue requests;
  };
  // Why a job was not accepted; OK where it was.
  struct Refusal {
    absl::Status status;
    RejectReason reason = RejectReason::kDraining;
  };

  // The next batch; nothing once the scheduler is stopped.
  std::optional<Batch> AwaitBatch(int worker) ABSL_LOCKS_EXCLUDED(mutex_);
  // Lowers `look_again` to the time at which a batch will be due.
  std::optional<Batch> TakeBatchLocked(absl::Time& look_again)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  static Batch BatchOf(const Queue& queue, std::vector<WaitingJob> jobs);
  void ExpireUntilStopped() ABSL_LOCKS_EXCLUDED(mutex_);
  // Blocks until a deadline may have passed; the jobs to complete, if any.
  std::vector<Batch> AwaitExpired() ABSL_LOCKS_EXCLUDED(mutex_);
  // Completes jobs that were counted in dropping_ when they were taken.
  void DropTaken(Batch batch, const absl::Status& status)
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool IsIdleLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  Refusal AdmitLocked(const Queue& queue, absl::Time deadline, int64_t tokens,
                      absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int num_workers_;
  Clock& clock_;

  mutable absl::Mutex mutex_;
  std::map<QueueId, Queue> queues_ ABSL_GUARDED_BY(mutex_);
  QueueId last_opened_ ABSL_GUARDED_BY(mutex_) = 0;
  // Models take turns: the next batch is looked for behind this one.
  QueueId last_served_ ABSL_GUARDED_BY(mutex_) = 0;
  // Grows whenever a job comes or goes, so that waiters look again.
  uint64_t changes_ ABSL_GUARDED_BY(mutex_) = 0;
  // The deadlines of all waiting jobs are at or after this.
  absl::Time next_expiry_ ABSL_GUARDED_BY(mutex_) = absl::InfiniteFuture();
  int64_t admitted_calls_ ABSL_GUARDED_BY(mutex_) = 0;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // Batches that left their queue and are being completed without being run.
  int dropping_ ABSL_GUARDED_BY(mutex_) = 0;
  // Start of each worker's batch; InfiniteFuture when it is idle.
  std::vector<absl::Time> busy_since_ ABSL_GUARDED_BY(mutex_);
  absl::Duration finished_busy_time_ ABSL_GUARDED_BY(mutex_);

  std::thread expirer_;  // last: it uses all of the above
};

}  // namespace transformerd
