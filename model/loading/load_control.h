// How a running load is watched and stopped.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {

enum class LoadPhase {
  kQueued,
  kPlan,      // config, headers, name map, checks
  kAllocate,  // arenas
  kStream,    // reading and broadcasting
  kWarmUp,
  kDone,
};

absl::string_view NameOf(LoadPhase phase);

struct LoadProgress {
  LoadPhase phase = LoadPhase::kQueued;
  int64_t tensors_done = 0, tensors_total = 0;
  int64_t bytes_done = 0, bytes_total = 0;  // read from the checkpoint
};

// Shared by the thread that loads (which reports) and others (which watch or
// cancel). Thread-safe.
class LoadControl {
 public:
  // Asks the load to stop; it ends with `reason` (not OK) within a bucket. The
  // first reason stays.
  void Cancel(absl::Status reason) ABSL_LOCKS_EXCLUDED(mutex_);

  // OK, or the reason of the cancellation.
  absl::Status CheckNotCancelled() const ABSL_LOCKS_EXCLUDED(mutex_);

  LoadProgress progress() const ABSL_LOCKS_EXCLUDED(mutex_);
  void SetPhase(LoadPhase phase) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetTotals(int64_t tensors, int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void Advance(int64_t tensors, int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  mutable absl::Mutex mutex_;
  LoadProgress progress_ ABSL_GUARDED_BY(mutex_);
  absl::Status cancelled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
