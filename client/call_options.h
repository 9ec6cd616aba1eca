// What a single call can be told.
#pragma once

#include <optional>

#include "absl/time/time.h"

namespace transformerd {

struct CallOptions {
  // From the call to its end, retries included.
  std::optional<absl::Duration> timeout;
};

}  // namespace transformerd
