// Ends what does not end by itself.
#pragma once

#include <functional>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/base/clock.h"

namespace transformerd {

// A thread that is stuck in a library, a driver or the kernel can be neither
// stopped nor waited for. The guard bounds how long stopping takes all the
// same:
//
//   ExitGuard guard(clock, absl::Seconds(60), [] { _exit(1); });
//   ...
//   guard.Start();  // from now on there are 60 s
//   ...             // stop everything
//   // the guard's destructor calls it off
//
// Thread-safe.
class ExitGuard {
 public:
  // `clock` must outlive the guard. `give_up` runs on a thread of the guard,
  // at most once.
  ExitGuard(Clock& clock, absl::Duration patience,
            std::function<void()> give_up);
  ~ExitGuard();
  ExitGuard(const ExitGuard&) = delete;
  ExitGuard& operator=(const ExitGuard&) = delete;

  // Calls after the first do nothing.
  void Start() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  Clock& clock_;
  const absl::Duration patience_;
  const std::function<void()> give_up_;
  absl::Mutex mutex_;
  bool started_ ABSL_GUARDED_BY(mutex_) = false;
  bool called_off_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace transformerd
