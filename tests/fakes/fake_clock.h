// A clock that moves when the test says so.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "server/scheduling/clock.h"

namespace transformerd {

// Thread-safe. Starts at 2020-01-01.
class FakeClock : public Clock {
 public:
  absl::Time Now() const override;
  bool AwaitUntil(absl::Mutex& mutex, const absl::Condition& condition,
                  absl::Time deadline) override;

  // Moves the time and wakes those whose deadline has come. The caller must
  // hold no mutex that anybody waits on.
  void Advance(absl::Duration duration);
  // Blocks until at least `count` threads wait on this clock.
  void AwaitWaiters(int count);

 private:
  void Register(absl::Mutex* mutex);
  void Unregister(absl::Mutex* mutex);

  std::atomic<int64_t> nanos_since_start_{0};
  absl::Mutex waiting_mutex_;
  std::vector<absl::Mutex*> waiting_ ABSL_GUARDED_BY(waiting_mutex_);
};

}  // namespace transformerd
