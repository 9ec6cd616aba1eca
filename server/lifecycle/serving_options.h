// How one model's requests are queued and batched.
#pragma once

#include <cstdint>

#include "absl/time/time.h"

namespace transformerd {

// The defaults are those of the flags of the same names.
struct ServingOptions {
  int64_t max_batch_tokens = 16384;
  int64_t max_batch_requests = 256;
  int64_t max_queue_requests = 4096;
  int64_t max_queue_tokens = 1048576;
  absl::Duration max_queue_delay = absl::ZeroDuration();
};

}  // namespace transformerd
