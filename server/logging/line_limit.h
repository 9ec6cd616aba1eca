// Keeps one kind of line from filling the log.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace transformerd {

// Lets one line through in each interval. Thread-safe.
class LineLimit {
 public:
  explicit LineLimit(absl::Duration interval) : interval_(interval) {}

  // How many lines were left out since the last one that was let through, where
  // this one is; nothing where it is to be left out.
  std::optional<int64_t> LetThrough(absl::Time now) ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const absl::Duration interval_;
  absl::Mutex mutex_;
  absl::Time next_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  int64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

// Of lines about single requests.
struct RequestLineLimits {
  LineLimit slow{absl::Seconds(5)};
  LineLimit faults{absl::Seconds(1)};
};

}  // namespace transformerd
