// What a queue tells about its work, for metrics.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace transformerd {

enum class RejectReason {
  kQueueRequests,  // --max_queue_requests
  kQueueTokens,    // --max_queue_tokens
  kDraining,       // the daemon stops, or the model is being unloaded
  kExpired,        // came after its deadline
};

// One forward pass.
struct BatchRecord {
  int64_t requests = 0;  // of which it computed something
  int64_t sequences = 0;
  int64_t tokens = 0;
  absl::Time end;
  absl::Duration compute_time;
  bool ok = true;
};

// A request that was computed, in one forward pass or several.
struct RequestRecord {
  int64_t tokens = 0;
  absl::Duration queue_time;    // until the last of them began
  absl::Duration compute_time;  // of all of them
};

// Requests are accepted jobs, each told of once, whatever number of parts it
// runs in, and before it is completed.
//
// Thread-safe; called with no lock held, and must not block.
class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  virtual void OnRejected(RejectReason reason) = 0;
  // Before the batch's jobs are completed.
  virtual void OnBatch(const BatchRecord& batch) = 0;
  // A request left the queue before all of it was computed; it fails, too.
  virtual void OnDropped() = 0;
  virtual void OnComputed(const RequestRecord& request) = 0;
  // So long after it was accepted.
  virtual void OnFailed(absl::Duration duration) = 0;
};

}  // namespace transformerd
