// Threads that each run one operation to its end.
#pragma once

#include <list>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {

// Thread-safe. The destructor waits for all of them.
class OperationThreads {
 public:
  OperationThreads() = default;
  ~OperationThreads();

  OperationThreads(const OperationThreads&) = delete;
  OperationThreads& operator=(const OperationThreads&) = delete;

  // Runs `operation` on a thread of its own.
  void Start(absl::AnyInvocable<void()> operation) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void JoinFinished() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  std::list<std::thread> running_ ABSL_GUARDED_BY(mutex_);
  // Have nothing left to do and wait to be joined.
  std::list<std::thread> finished_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
