// What inference and repository calls share.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"
#include "server/lifecycle/model_repository.h"
#include "server/logging/line_limit.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/clock.h"
#include "server/scheduling/scheduler.h"
#include "server/security/authenticator.h"
#include "server/services/health_state.h"
#include "server/services/model_queues.h"
#include "server/services/text_pool.h"

namespace transformerd {

// References to what the server owns; all must outlive the services, and their
// calls end before the gRPC server's Shutdown returns.
struct ServingContext {
  ModelRepository& repository;
  Scheduler& scheduler;
  ModelQueues& queues;
  TextPool& text_pool;
  const HealthState& health;
  Metrics& metrics;
  const Clock& clock;
  // Of the daemon, such as "0.1.0".
  std::string server_version;
  // For calls without a deadline of their own; InfiniteDuration: none.
  absl::Duration default_request_timeout = absl::Seconds(60);
  int64_t max_request_bytes = int64_t{1} << 30;
  // Whose tokens these are, for the log; null where there are none.
  std::shared_ptr<const Authenticator> authenticator;
  // Shared by all services.
  std::shared_ptr<RequestLineLimits> line_limits =
      std::make_shared<RequestLineLimits>();
};

}  // namespace transformerd
