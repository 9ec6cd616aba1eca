#include "server/scheduling/ticker.h"

#include <algorithm>
#include <utility>

namespace transformerd {

Ticker::Ticker(Clock& clock, absl::Duration interval)
    : clock_(clock), interval_(interval), thread_([this] { Run(); }) {}

Ticker::~Ticker() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  thread_.join();
}

void Ticker::Add(std::weak_ptr<TickListener> listener) {
  absl::MutexLock lock(&mutex_);
  listeners_.push_back(std::move(listener));
}

void Ticker::Run() {
  while (AwaitTick()) {
    std::vector<std::weak_ptr<TickListener>> listeners;
    {
      absl::MutexLock lock(&mutex_);
      listeners = listeners_;
    }
    for (const auto& listener : listeners) {
      // Kept alive for the call, which may be the last to hold it.
      if (const auto alive = listener.lock()) alive->OnTick();
    }
  }
}

bool Ticker::AwaitTick() {
  const auto stopping = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_;
  };
  const auto is_wanted = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return stopping_ || !listeners_.empty();
  };
  absl::MutexLock lock(&mutex_);
  const auto is_gone = [](const std::weak_ptr<TickListener>& listener) {
    return listener.expired();
  };
  listeners_.erase(
      std::remove_if(listeners_.begin(), listeners_.end(), is_gone),
      listeners_.end());
  mutex_.Await(absl::Condition(&is_wanted));
  return !clock_.AwaitUntil(mutex_, absl::Condition(&stopping),
                            clock_.Now() + interval_);
}

}  // namespace transformerd
