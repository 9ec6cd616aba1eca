// Which parts of the daemon are healthy, as grpc.health.v1 tells it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {

// Names of the fixed entries. "" is readiness too, as load balancers expect.
inline constexpr absl::string_view kHealthOverall = "";
inline constexpr absl::string_view kHealthLiveness = "liveness";
inline constexpr absl::string_view kHealthReadiness = "readiness";

// "model/<name>".
std::string ModelHealthName(absl::string_view model);

// A table of named verdicts. Whoever decides a verdict writes it here; the
// health services read it.
//
// Thread-safe. Listeners run on the thread that made the change, without a
// lock.
class HealthState {
 public:
  using ListenerId = int64_t;

  // Starts with liveness true, and "", readiness and the services false.
  HealthState();

  // True is SERVING, false NOT_SERVING. The name is known from now on, as a
  // model that was unloaded may come back. Cheap where nothing changes.
  void Set(absl::string_view name, bool serving) ABSL_LOCKS_EXCLUDED(mutex_);

  // Sets "", "readiness" and the services, which always agree.
  void SetReady(bool ready) ABSL_LOCKS_EXCLUDED(mutex_);

  // For good: all names but liveness are not serving, whatever is set later,
  // and watches end.
  void StartDraining() ABSL_LOCKS_EXCLUDED(mutex_);

  // Nothing for a name that was never set.
  std::optional<bool> Get(absl::string_view name) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  bool is_draining() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Calls `listener` after every change until Unsubscribe. A change that is
  // under way on another thread may still call it afterwards, so it must own
  // what it uses.
  ListenerId Subscribe(std::function<void()> listener)
      ABSL_LOCKS_EXCLUDED(mutex_);
  void Unsubscribe(ListenerId id) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Notify() ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::map<std::string, bool, std::less<>> serving_ ABSL_GUARDED_BY(mutex_);
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  std::map<ListenerId, std::function<void()>> listeners_
      ABSL_GUARDED_BY(mutex_);
  ListenerId next_listener_ ABSL_GUARDED_BY(mutex_) = 1;
};

}  // namespace transformerd
