#include "server/scheduling/scheduler.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "server/scheduling/job_parts.h"

namespace transformerd {
namespace {

absl::Status UnloadedError() {
  return WithRetryDelay(absl::UnavailableError("the model is being unloaded"),
                        kRetryDelay);
}

absl::Status RequestsError(const QueueOptions& options, int64_t waiting) {
  return WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(
                            "queue of model '", options.model, "' is full: ",
                            waiting, " requests wait, --max_queue_requests is ",
                            options.limits.max_requests)),
                        kRetryDelay);
}

absl::Status TokensError(const QueueOptions& options, int64_t waiting,
                         int64_t tokens) {
  absl::Status status = absl::ResourceExhaustedError(
      absl::StrCat("queue of model '", options.model, "' is full: ", waiting,
                   " tokens wait, the request has ", tokens,
                   ", --max_queue_tokens is ", options.limits.max_tokens));
  // A request that never fits should not be tried again.
  if (tokens > options.limits.max_tokens) return status;
  return WithRetryDelay(std::move(status), kRetryDelay);
}

// Before the job is cut: it ends once, its parts do not.
void TellOfItsEnd(Job& job, QueueObserver& observer, const Clock& clock) {
  job.done = [&observer, &clock, begin = clock.Now(),
              tokens = job.input.total_tokens(), done = std::move(job.done)](
                 absl::StatusOr<JobResult> result) mutable {
    if (result.ok()) {
      observer.OnComputed({tokens, result->queue_time, result->compute_time});
    } else {
      observer.OnFailed(clock.Now() - begin);
    }
    std::move(done)(std::move(result));
  };
}

}  // namespace

Scheduler::Scheduler(int num_workers, Clock& clock)
    : num_workers_(num_workers),
      clock_(clock),
      busy_since_(num_workers, absl::InfiniteFuture()),
      expirer_([this] { ExpireUntilStopped(); }) {
  CHECK_GT(num_workers, 0);
}

Scheduler::~Scheduler() {
  Stop();
  expirer_.join();
}

QueueId Scheduler::OpenQueue(LoadedModel& model, QueueOptions options) {
  absl::MutexLock lock(&mutex_);
  const QueueId id = ++last_opened_;
  queues_.emplace(id, Queue{&model, std::move(options), RequestQueue()});
  return id;
}

void Scheduler::CloseQueue(QueueId queue) {
  Batch left;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = queues_.find(queue);
    CHECK(found != queues_.end()) << "no queue " << queue;
    left = BatchOf(found->second, found->second.requests.TakeAll());
    queues_.erase(found);
    ++changes_;
    ++dropping_;
  }
  DropTaken(std::move(left), UnloadedError());
}

absl::StatusOr<CallAdmission> Scheduler::AdmitCall() {
  absl::MutexLock lock(&mutex_);
  if (draining_) return StoppingError();
  ++admitted_calls_;
  return CallAdmission(this, [this](const void*) {
    absl::MutexLock lock(&mutex_);
    --admitted_calls_;
  });
}

absl::StatusOr<JobTicket> Scheduler::Submit(QueueId queue, Job job) {
  const absl::Time now = clock_.Now();
  const absl::Time deadline = job.deadline;
  const int64_t tokens = job.input.total_tokens();
  BatchLimits limits;
  QueueObserver* observer = nullptr;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = queues_.find(queue);
    if (found == queues_.end()) return UnloadedError();
    limits = found->second.options.batch;
    observer = found->second.options.observer;
  }
  if (observer != nullptr) TellOfItsEnd(job, *observer, clock_);
  // Without the lock: it copies where there is more than one part.
  std::vector<Job> parts = CutIntoParts(std::move(job), limits);
  Refusal refusal;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = queues_.find(queue);
    if (found == queues_.end()) return UnloadedError();
    Queue& open = found->second;
    refusal = AdmitLocked(open, deadline, tokens, now);
    if (refusal.status.ok()) {
      JobTicket ticket;
      ticket.queue = queue;
      ticket.num_parts = parts.size();
      ticket.job = open.requests.Push(std::move(parts), now);
      next_expiry_ = std::min(next_expiry_, deadline);
      ++changes_;
      return ticket;
    }
  }
  if (observer != nullptr) observer->OnRejected(refusal.reason);
  return refusal.status;
}

Scheduler::Refusal Scheduler::AdmitLocked(const Queue& queue,
                                          absl::Time deadline, int64_t tokens,
                                          absl::Time now) const {
  if (stopped_) return {StoppingError(), RejectReason::kDraining};
  if (deadline <= now) return {DeadlinePassed(), RejectReason::kExpired};
  const RequestQueue& waiting = queue.requests;
  const QueueLimits& limits = queue.options.limits;
  if (waiting.requests() >= limits.max_requests) {
    return {RequestsError(queue.options, waiting.requests()),
            RejectReason::kQueueRequests};
  }
  if (tokens > limits.max_tokens - waiting.tokens()) {
    return {TokensError(queue.options, waiting.tokens(), tokens),
            RejectReason::kQueueTokens};
  }
  return {};
}

bool Scheduler::Cancel(const JobTicket& ticket) {
  Batch cancelled;
  bool all_waited = false;
  {
    absl::MutexLock lock(&mutex_);
    const auto found = queues_.find(ticket.queue);
    if (found == queues_.end()) return false;
    std::vector<WaitingJob> waiting = found->second.requests.Take(ticket.job);
    if (waiting.empty()) return false;
    all_waited = waiting.size() == ticket.num_parts;
    cancelled = BatchOf(found->second, std::move(waiting));
    ++changes_;
    ++dropping_;
  }
  DropTaken(std::move(cancelled), CancelledInTime());
  return all_waited;
}

bool Scheduler::RunOne(int worker) {
  CHECK_GE(worker, 0);
  CHECK_LT(worker, num_workers_);
  std::optional<Batch> batch = AwaitBatch(worker);
  if (!batch.has_value()) return false;
  Run(*std::move(batch), worker, clock_);

  absl::MutexLock lock(&mutex_);
  finished_busy_time_ += clock_.Now() - busy_since_[worker];
  busy_since_[worker] = absl::InfiniteFuture();
  return true;
}

std::optional<Batch> Scheduler::AwaitBatch(int worker) {
  absl::MutexLock lock(&mutex_);
  while (!stopped_) {
    absl::Time look_again = absl::InfiniteFuture();
    std::optional<Batch> batch = TakeBatchLocked(look_again);
    if (batch.has_value()) {
      busy_since_[worker] = clock_.Now();
      return batch;
    }
    const uint64_t seen = changes_;
    const auto has_changed = [this, seen]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return changes_ != seen || stopped_;
    };
    clock_.AwaitUntil(mutex_, absl::Condition(&has_changed), look_again);
  }
  return std::nullopt;
}

std::optional<Batch> Scheduler::TakeBatchLocked(absl::Time& look_again) {
  const absl::Time now = clock_.Now();
  auto position = queues_.upper_bound(last_served_);
  for (size_t i = 0; i < queues_.size(); ++i, ++position) {
    if (position == queues_.end()) position = queues_.begin();
    Queue& queue = position->second;
    if (queue.requests.empty()) continue;
    const BatchLimits& limits = queue.options.batch;
    // Every job has a row: one more than the limit shows that a batch is full.
    const BatchDecision decision =
        Decide(queue.requests.Head(limits.max_sequences + 1), now, limits);
    if (!decision.dispatch.empty()) {
      last_served_ = position->first;
      return BatchOf(queue, queue.requests.TakeAt(decision.dispatch));
    }
    look_again = std::min(look_again, decision.wait_until);
  }
  return std::nullopt;
}

Batch Scheduler::BatchOf(const Queue& queue, std::vector<WaitingJob> jobs) {
  Batch batch;
  batch.model = queue.model;
  batch.model_name = queue.options.model;
  batch.observer = queue.options.observer;
  batch.jobs = std::move(jobs);
  return batch;
}

void Scheduler::ExpireUntilStopped() {
  for (;;) {
    for (Batch& expired : AwaitExpired()) {
      DropTaken(std::move(expired), DeadlinePassed());
    }
    absl::MutexLock lock(&mutex_);
    if (stopped_) return;
  }
}

std::vector<Batch> Scheduler::AwaitExpired() {
  absl::MutexLock lock(&mutex_);
  const absl::Time due = next_expiry_;
  const auto is_sooner = [this, due]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return next_expiry_ < due || stopped_;
  };
  if (clock_.AwaitUntil(mutex_, absl::Condition(&is_sooner), due)) return {};
  std::vector<Batch> expired;
  const absl::Time now = clock_.Now();
  next_expiry_ = absl::InfiniteFuture();
  for (auto& [id, queue] : queues_) {
    std::vector<WaitingJob> jobs = queue.requests.TakeExpired(now);
    if (!jobs.empty()) {
      expired.push_back(BatchOf(queue, std::move(jobs)));
      ++dropping_;
    }
    next_expiry_ = std::min(next_expiry_, queue.requests.next_deadline());
  }
  ++changes_;
  return expired;
}

void Scheduler::DropTaken(Batch batch, const absl::Status& status) {
  Drop(std::move(batch), status);
  absl::MutexLock lock(&mutex_);
  --dropping_;
}

void Scheduler::Drain() {
  absl::MutexLock lock(&mutex_);
  draining_ = true;
}

bool Scheduler::AwaitIdle(absl::Time deadline) {
  absl::MutexLock lock(&mutex_);
  const auto is_idle = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return IsIdleLocked();
  };
  return clock_.AwaitUntil(mutex_, absl::Condition(&is_idle), deadline);
}

bool Scheduler::IsIdleLocked() const {
  if (admitted_calls_ > 0 || dropping_ > 0) return false;
  for (const auto& [id, queue] : queues_) {
    if (!queue.requests.empty()) return false;
  }
  return std::all_of(
      busy_since_.begin(), busy_since_.end(),
      [](absl::Time since) { return since == absl::InfiniteFuture(); });
}

void Scheduler::Stop() {
  std::vector<Batch> left;
  {
    absl::MutexLock lock(&mutex_);
    draining_ = true;
    stopped_ = true;
    for (auto& [id, queue] : queues_) {
      left.push_back(BatchOf(queue, queue.requests.TakeAll()));
      ++dropping_;
    }
  }
  for (Batch& batch : left) {
    DropTaken(std::move(batch), StoppingError());
  }
}

bool Scheduler::is_stopped() const {
  absl::MutexLock lock(&mutex_);
  return stopped_;
}

std::vector<QueueDepth> Scheduler::depths() const {
  absl::MutexLock lock(&mutex_);
  std::vector<QueueDepth> depths;
  for (const auto& [id, queue] : queues_) {
    depths.push_back({queue.options.model, queue.options.version,
                      queue.requests.requests(), queue.requests.tokens()});
  }
  return depths;
}

absl::Duration Scheduler::busy_for(int worker) const {
  absl::MutexLock lock(&mutex_);
  const absl::Time since = busy_since_[worker];
  if (since == absl::InfiniteFuture()) return absl::ZeroDuration();
  return clock_.Now() - since;
}

absl::Duration Scheduler::total_busy_time() const {
  absl::MutexLock lock(&mutex_);
  const absl::Time now = clock_.Now();
  absl::Duration total = finished_busy_time_;
  for (absl::Time since : busy_since_) {
    if (since != absl::InfiniteFuture()) total += now - since;
  }
  return total;
}

}  // namespace transformerd
