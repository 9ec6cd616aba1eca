// How a running load is watched and stopped.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/base/clock.h"

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

// A phase and how long it took, or has taken so far.
struct PhaseTime {
  LoadPhase phase = LoadPhase::kQueued;
  absl::Duration time;
};

struct LoadProgress {
  LoadPhase phase = LoadPhase::kQueued;
  int rank = 0;  // that reads
  int64_t tensors_done = 0, tensors_total = 0;
  int64_t bytes_done = 0, bytes_total = 0;  // read from the checkpoint
  // Of the last seconds; 0 while nothing is read.
  double bytes_per_second = 0;
  // In the order in which they began, the present one last; without kQueued,
  // and kDone, which takes no time.
  std::vector<PhaseTime> phases;

  // Time until the rest is read at the present rate, InfiniteDuration where
  // nothing is known of it.
  absl::Duration TimeLeft() const;
};

// Shared by the thread that loads (which reports) and others (which watch or
// cancel). Thread-safe.
class LoadControl {
 public:
  // On the machine's clock.
  LoadControl();
  // `clock` must outlive the control.
  explicit LoadControl(Clock& clock);

  // Asks the load to stop; it ends with `reason` (not OK) within a bucket. The
  // first reason stays.
  void Cancel(absl::Status reason) ABSL_LOCKS_EXCLUDED(mutex_);

  // OK, or the reason of the cancellation.
  absl::Status CheckNotCancelled() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Blocks until `time`, or until the load is cancelled, with its reason.
  absl::Status SleepUntil(absl::Time time) ABSL_LOCKS_EXCLUDED(mutex_);

  LoadProgress progress() const ABSL_LOCKS_EXCLUDED(mutex_);
  void SetPhase(LoadPhase phase) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetRank(int rank) ABSL_LOCKS_EXCLUDED(mutex_);
  void SetTotals(int64_t tensors, int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  void Advance(int64_t tensors, int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  // A rank's thread is about to wait for the others, and has.
  void BeginCollective(int rank) ABSL_LOCKS_EXCLUDED(mutex_);
  void EndCollective(int rank) ABSL_LOCKS_EXCLUDED(mutex_);

  // How long the rank that has waited the longest has done so; zero where none
  // waits. Transports have time-outs: what takes much longer than these is
  // stuck where they cannot end it.
  absl::Duration collective_for() const ABSL_LOCKS_EXCLUDED(mutex_);

  // The most memory that the process had in use at a change of phase or after
  // an advance; 0 where the system does not tell.
  int64_t peak_process_bytes() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct PhaseBegin {
    LoadPhase phase;
    absl::Time time;
  };
  // So much had been read at that time.
  struct Sample {
    absl::Time time;
    int64_t bytes;
  };

  double BytesPerSecondLocked(absl::Time now) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void MeasureMemory() ABSL_LOCKS_EXCLUDED(mutex_);

  Clock& clock_;
  mutable absl::Mutex mutex_;
  LoadProgress progress_ ABSL_GUARDED_BY(mutex_);  // but rate and phases
  std::vector<PhaseBegin> begins_ ABSL_GUARDED_BY(mutex_);
  // The last before the window, and all within it.
  std::deque<Sample> samples_ ABSL_GUARDED_BY(mutex_);
  // Since when each rank waits.
  std::map<int, absl::Time> collectives_ ABSL_GUARDED_BY(mutex_);
  int64_t peak_process_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status cancelled_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
