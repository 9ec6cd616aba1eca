// What the daemon is started with; made by flags.h, taken by server.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "server/lifecycle/model_repository.h"
#include "server/security/endpoint_security.h"

namespace transformerd {

struct ServerOptions {
  ModelRepository::Options repository;
  // Models to load at start; "*" is all.
  std::vector<std::string> load_at_start;

  std::string grpc_address = "127.0.0.1";
  int grpc_port = 8001;  // 0 picks a free one, likewise below
  std::string metrics_address = "127.0.0.1";
  int metrics_port = 8002;
  bool triton_metric_names = false;  // beside our own
  // A second gRPC port with health alone; nothing: none.
  std::optional<int> health_port;
  // Where to write the ports once they are bound; empty: nowhere.
  std::string port_file;
  SecurityOptions security;  // of the gRPC port
  bool enable_reflection = true;
  absl::Duration max_connection_age = absl::InfiniteDuration();

  absl::Duration default_request_timeout = absl::Seconds(60);
  int64_t max_request_bytes = int64_t{1} << 30;

  absl::Duration drain_delay = absl::Seconds(5);
  absl::Duration drain_timeout = absl::Seconds(30);
  // A worker that is longer at one batch ends liveness.
  absl::Duration watchdog_timeout = absl::Seconds(60);

  // Where a supervisor listens: what NOTIFY_SOCKET holds; empty: nowhere.
  std::string notify_socket;

  std::string version;  // of the daemon
};

}  // namespace transformerd
