#include "server/lifecycle/operation_threads.h"

#include <utility>

namespace transformerd {

OperationThreads::~OperationThreads() {
  const auto idle = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return running_.empty();
  };
  mutex_.LockWhen(absl::Condition(&idle));
  mutex_.Unlock();
  JoinFinished();
}

void OperationThreads::Start(absl::AnyInvocable<void()> operation) {
  JoinFinished();
  absl::MutexLock lock(&mutex_);
  const auto self = running_.emplace(running_.end());
  // The thread waits for the lock before it looks at its own list node.
  *self = std::thread([this, self, operation = std::move(operation)]() mutable {
    operation();
    operation = nullptr;
    absl::MutexLock lock(&mutex_);
    finished_.splice(finished_.end(), running_, self);
  });
}

void OperationThreads::JoinFinished() {
  std::list<std::thread> finished;
  {
    absl::MutexLock lock(&mutex_);
    finished.swap(finished_);
  }
  for (std::thread& thread : finished) thread.join();
}

}  // namespace transformerd
