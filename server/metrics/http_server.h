// HTTP for Prometheus, probes and people: /metrics, /livez, /readyz and /.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "server/metrics/http_connection.h"
#include "server/metrics/http_message.h"
#include "server/metrics/socket.h"

namespace transformerd {

// Where the answers come from. Called on the server's thread; none may block.
struct HttpEndpoints {
  std::function<std::string()> metrics;      // Prometheus' text format
  std::function<absl::Status()> liveness;    // not OK: 503 and the message
  std::function<absl::Status()> readiness;   // likewise
  std::function<std::string()> status_page;  // HTML
};

// Serves GET and HEAD with one thread that never waits for a client: each has a
// few seconds, and where too many come the oldest goes. So slow clients cannot
// keep probes from being answered.
class HttpServer {
 public:
  // Binds `address`:`port`; port 0 picks a free one. UNAVAILABLE where it is
  // taken, INVALID_ARGUMENT for what is no address.
  static absl::StatusOr<std::unique_ptr<HttpServer>> Start(
      const std::string& address, int port, HttpEndpoints endpoints);
  // Closes all connections at once.
  ~HttpServer();

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // The port that is bound.
  int port() const { return port_; }

 private:
  HttpServer(Socket listener, Socket wake_in, Socket wake_out,
             HttpEndpoints endpoints);

  void ServeUntilWoken();
  // Waits for something to do; false when the server is to end.
  bool Poll();
  void Accept();
  HttpResponse Answer(const HttpRequest& request) const;

  const HttpEndpoints endpoints_;
  const Socket listener_;
  const int port_;
  Socket wake_in_, wake_out_;  // a byte sent into one ends the thread
  // Of the thread alone, oldest first.
  std::list<HttpConnection> connections_;
  // After an accept() that failed for want of descriptors, when to try again.
  absl::Time accept_again_ = absl::InfinitePast();
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace transformerd
