// How fast loading may read.
#pragma once

#include <cstdint>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "model/loading/load_control.h"

namespace transformerd {

// A token bucket that all loads of the daemon take from. It never holds more
// than a tenth of a second's worth: what was not read before cannot be made up
// for by a burst that others feel. Loads are served in the order of their
// calls, so those that run at once share the rate.
//
// Thread-safe.
class BandwidthLimit {
 public:
  // `bytes_per_second` is positive; `clock` must outlive the limit.
  BandwidthLimit(int64_t bytes_per_second, Clock& clock);

  // Most bytes of one Take.
  int64_t burst_bytes() const { return burst_bytes_; }

  // Blocks until `bytes` (at most burst_bytes()) may be read. The reason of the
  // cancellation where `control` is cancelled meanwhile.
  absl::Status Take(int64_t bytes, LoadControl& control)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  absl::Time Reserve(int64_t bytes) ABSL_LOCKS_EXCLUDED(mutex_);

  const int64_t bytes_per_second_;
  const int64_t burst_bytes_;
  Clock& clock_;

  absl::Mutex mutex_;
  // When the bucket will be, or was, full with nobody taking any more.
  absl::Time full_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
