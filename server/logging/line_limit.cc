#include "server/logging/line_limit.h"

#include <utility>

namespace transformerd {

std::optional<int64_t> LineLimit::LetThrough(absl::Time now) {
  absl::MutexLock lock(&mutex_);
  if (now < next_) {
    ++left_out_;
    return std::nullopt;
  }
  next_ = now + interval_;
  return std::exchange(left_out_, 0);
}

}  // namespace transformerd
