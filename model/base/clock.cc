#include "model/base/clock.h"

#include "absl/time/clock.h"

namespace transformerd {

absl::Time SystemClock::Now() const { return absl::Now(); }

bool SystemClock::AwaitUntil(absl::Mutex& mutex,
                             const absl::Condition& condition,
                             absl::Time deadline) {
  return mutex.AwaitWithDeadline(condition, deadline);
}

}  // namespace transformerd
