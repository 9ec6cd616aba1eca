// Wakes those who want to look at something now and then.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/base/clock.h"

namespace transformerd {

class TickListener {
 public:
  virtual ~TickListener() = default;

  // Called on the ticker's thread; must not wait for anything.
  virtual void OnTick() = 0;
};

// One thread for all listeners, which sleeps while there are none.
//
// Thread-safe.
class Ticker {
 public:
  // `clock` must outlive the ticker.
  Ticker(Clock& clock, absl::Duration interval);
  // Returns when no listener is being called any more.
  ~Ticker();

  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  // Calls the listener at every tick for as long as it lives.
  void Add(std::weak_ptr<TickListener> listener) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);
  // False when the ticker ends.
  bool AwaitTick() ABSL_LOCKS_EXCLUDED(mutex_);

  Clock& clock_;
  const absl::Duration interval_;
  absl::Mutex mutex_;
  std::vector<std::weak_ptr<TickListener>> listeners_ ABSL_GUARDED_BY(mutex_);
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace transformerd
