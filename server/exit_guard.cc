#include "server/exit_guard.h"

#include <utility>

namespace transformerd {

ExitGuard::ExitGuard(Clock& clock, absl::Duration patience,
                     std::function<void()> give_up)
    : clock_(clock),
      patience_(patience),
      give_up_(std::move(give_up)),
      thread_([this] { Run(); }) {}

ExitGuard::~ExitGuard() {
  {
    absl::MutexLock lock(&mutex_);
    called_off_ = true;
  }
  thread_.join();
}

void ExitGuard::Start() {
  absl::MutexLock lock(&mutex_);
  started_ = true;
}

void ExitGuard::Run() {
  {
    const auto is_wanted = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
      return started_ || called_off_;
    };
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&is_wanted));
    if (clock_.AwaitUntil(mutex_, absl::Condition(&called_off_),
                          clock_.Now() + patience_)) {
      return;
    }
  }
  give_up_();
}

}  // namespace transformerd
