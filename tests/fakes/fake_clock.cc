#include "tests/fakes/fake_clock.h"

#include <algorithm>

namespace transformerd {
namespace {

// What a waiter waits for: its own condition or the deadline.
struct Wake {
  const FakeClock* clock;
  const absl::Condition* condition;
  absl::Time deadline;

  bool IsDue() const { return condition->Eval() || clock->Now() >= deadline; }
};

}  // namespace

absl::Time FakeClock::Now() const {
  return absl::FromUnixSeconds(1577836800) +
         absl::Nanoseconds(nanos_since_start_.load());
}

bool FakeClock::AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                           absl::Time deadline) {
  const Wake wake = {this, &condition, deadline};
  while (!wake.IsDue()) {
    // Advance() locks the mutexes of waiters while it holds waiting_mutex_, so
    // that one is never taken with `mutex` held.
    mutex.Unlock();
    Register(&mutex);
    mutex.Lock();
    mutex.Await(absl::Condition(&wake, &Wake::IsDue));
    mutex.Unlock();
    Unregister(&mutex);
    mutex.Lock();
  }
  return condition.Eval();
}

void FakeClock::Advance(absl::Duration duration) {
  nanos_since_start_.fetch_add(absl::ToInt64Nanoseconds(duration));
  absl::MutexLock lock(&waiting_mutex_);
  for (absl::Mutex* mutex : waiting_) {
    // Waiters on an absl::Mutex look at their condition when it is released.
    absl::MutexLock wake(mutex);
  }
}

void FakeClock::AwaitWaiters(int count) {
  const auto are_waiting = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return static_cast<int>(waiting_.size()) >= count;
  };
  absl::MutexLock lock(&waiting_mutex_, absl::Condition(&are_waiting));
}

void FakeClock::Register(absl::Mutex* mutex) {
  absl::MutexLock lock(&waiting_mutex_);
  waiting_.push_back(mutex);
}

void FakeClock::Unregister(absl::Mutex* mutex) {
  absl::MutexLock lock(&waiting_mutex_);
  waiting_.erase(std::find(waiting_.begin(), waiting_.end(), mutex));
}

}  // namespace transformerd
