// One client of the HTTP server.
#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "server/metrics/http_message.h"
#include "server/metrics/socket.h"

namespace transformerd {

// Receives one request, sends one response and waits for the client to close.
// Never blocks. Not thread-safe.
class HttpConnection {
 public:
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  // `socket` must not block. The connection is over at `deadline`, however far
  // it came.
  HttpConnection(Socket socket, absl::Time deadline);

  // Goes on as far as the socket allows. False when the connection is over.
  bool Advance(const Handler& handler);

  int fd() const { return socket_.fd(); }
  absl::Time deadline() const { return deadline_; }
  // What poll() should wait for.
  bool wants_to_send() const { return sent_ < response_.size(); }

 private:
  bool Receive(const Handler& handler);
  bool Send();

  Socket socket_;
  absl::Time deadline_;
  std::string received_;
  std::string response_;  // empty until the request is complete
  size_t sent_ = 0;
};

}  // namespace transformerd
