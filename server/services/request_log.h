// Lines of the log about single requests to models.
#pragma once

#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "server/logging/line_limit.h"
#include "server/metrics/model_statistics.h"
#include "server/services/call_record.h"

namespace transformerd {

struct RequestOutcome {
  absl::Status status;
  absl::Duration taken;
  absl::Duration allowed;  // until its deadline
  int64_t version = 0;     // of the model; 0 where none was found
  RequestTimes times;      // zero where it was not answered
};

// A request is slow that took more than half of the time that it had, or more
// than a second.
bool IsSlow(absl::Duration taken, absl::Duration allowed);

// Tells of a request that was slow, or failed by a fault of ours: which, how
// long it took and where the time went, and nothing of what it held. `limits`
// keeps them few.
void LogRequest(const CallRecord& record, const RequestOutcome& outcome,
                absl::Time now, RequestLineLimits& limits);

}  // namespace transformerd
