// HTTP for Prometheus, probes and people: /metrics, /livez, /readyz and /.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

struct mg_context;

namespace transformerd {

// Where the answers come from. Called on the server's threads, several at once;
// none may block for long.
struct HttpEndpoints {
  std::function<std::string()> metrics;      // Prometheus' text format
  std::function<absl::Status()> liveness;    // not OK: 503 and the message
  std::function<absl::Status()> readiness;   // likewise
  std::function<std::string()> status_page;  // HTML
};

// Serves GET and HEAD with a few threads, each connection for a few seconds at
// most. Thread-safe.
class HttpServer {
 public:
  // Binds `address`:`port`; port 0 picks a free one. UNAVAILABLE where it is
  // taken, INVALID_ARGUMENT for what is no address.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& address, int port, HttpEndpoints endpoints);
  // Waits for the requests that are being answered.
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port that is bound.
  int port() const { return port_; }

 private:
  explicit HttpServer(HttpEndpoints endpoints);

  const HttpEndpoints endpoints_;
  mg_context* context_ = nullptr;
  int port_ = 0;
};

}  // namespace transformerd
