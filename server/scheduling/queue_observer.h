// What a queue tells about its work, for metrics.
#pragma once

#include <cstdint>

#include "absl/time/time.h"
#include "absl/types/span.h"

namespace transformerd {

enum class RejectReason {
  kQueueRequests,  // --max_queue_requests
  kQueueTokens,    // --max_queue_tokens
  kDraining,       // the daemon stops, or the model is being unloaded
  kExpired,        // came after its deadline
};

// Why a job was never computed.
enum class DropReason { kCancelled, kExpired, kStopped };

struct BatchRecord {
  struct Request {
    int64_t tokens = 0;
    int64_t sequences = 0;
    absl::Duration queue_time;
  };
  absl::Span<const Request> requests;
  int64_t tokens = 0;
  absl::Time end;
  absl::Duration compute_time;
  bool ok = true;
};

// Thread-safe; called with no lock held, and must not block.
class QueueObserver {
 public:
  virtual ~QueueObserver() = default;
  virtual void OnRejected(RejectReason reason) = 0;
  virtual void OnDropped(DropReason reason, absl::Duration queue_time) = 0;
  // Before the batch's jobs are completed.
  virtual void OnBatch(const BatchRecord& batch) = 0;
};

}  // namespace transformerd
