#include "server/metrics/http_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr absl::Duration kConnectionTimeout = absl::Seconds(5);
constexpr absl::Duration kAcceptPause = absl::Milliseconds(100);
constexpr size_t kMaxConnections = 64;

HttpResponse ProbeResponse(const absl::Status& status) {
  HttpResponse response;
  response.code = status.ok() ? 200 : 503;
  response.body = status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n");
  return response;
}

HttpResponse ErrorResponse(int code, absl::string_view message) {
  HttpResponse response;
  response.code = code;
  response.body = absl::StrCat(message, "\n");
  return response;
}

int PollTimeoutMs(absl::Time until) {
  if (until == absl::InfiniteFuture()) return -1;
  const int64_t ms = absl::ToInt64Milliseconds(until - absl::Now());
  return static_cast<int>(std::max<int64_t>(ms, 0) + 1);
}

}  // namespace

absl::StatusOr<std::unique_ptr<HttpServer>> HttpServer::Start(
    const std::string& address, int port, HttpEndpoints endpoints) {
  ASSIGN_OR_RETURN(Socket listener, Listen(address, port));
  int wake[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wake) != 0) {
    return absl::ErrnoToStatus(errno, "http server: socketpair");
  }
  return std::unique_ptr<HttpServer>(
      new HttpServer(std::move(listener), Socket(wake[0]), Socket(wake[1]),
                     std::move(endpoints)));
}

HttpServer::HttpServer(Socket listener, Socket wake_in, Socket wake_out,
                       HttpEndpoints endpoints)
    : endpoints_(std::move(endpoints)),
      listener_(std::move(listener)),
      port_(PortOf(listener_)),
      wake_in_(std::move(wake_in)),
      wake_out_(std::move(wake_out)),
      thread_([this] { ServeUntilWoken(); }) {}

HttpServer::~HttpServer() {
  PCHECK(send(wake_in_.fd(), "", 1, MSG_NOSIGNAL) == 1);
  thread_.join();
}

void HttpServer::ServeUntilWoken() {
  const auto answer = [this](const HttpRequest& request) {
    return Answer(request);
  };
  while (Poll()) {
    const absl::Time now = absl::Now();
    // Sockets that are not ready answer so; there are few of them.
    connections_.remove_if([&](HttpConnection& connection) {
      return connection.deadline() <= now || !connection.Advance(answer);
    });
    if (accept_again_ <= now) Accept();
  }
}

bool HttpServer::Poll() {
  const bool is_paused = accept_again_ > absl::Now();
  std::vector<pollfd> fds = {{wake_out_.fd(), POLLIN, 0}};
  if (!is_paused) fds.push_back({listener_.fd(), POLLIN, 0});
  absl::Time until = is_paused ? accept_again_ : absl::InfiniteFuture();
  for (const HttpConnection& connection : connections_) {
    const short events = connection.wants_to_send() ? POLLOUT : POLLIN;
    fds.push_back({connection.fd(), events, 0});
    until = std::min(until, connection.deadline());
  }
  poll(fds.data(), fds.size(), PollTimeoutMs(until));
  return fds[0].revents == 0;
}

void HttpServer::Accept() {
  for (;;) {
    Socket client(accept4(listener_.fd(), nullptr, nullptr,
                          SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (client.fd() < 0) {
      const bool is_full = errno == EMFILE || errno == ENFILE ||
                           errno == ENOBUFS || errno == ENOMEM;
      // The listener would stay readable, and the thread would spin.
      if (is_full) accept_again_ = absl::Now() + kAcceptPause;
      return;
    }
    if (connections_.size() >= kMaxConnections) connections_.pop_front();
    connections_.emplace_back(std::move(client),
                              absl::Now() + kConnectionTimeout);
  }
}

HttpResponse HttpServer::Answer(const HttpRequest& request) const {
  if (request.method != "GET" && request.method != "HEAD") {
    return ErrorResponse(405, "only GET and HEAD are served");
  }
  if (request.path == "/livez") return ProbeResponse(endpoints_.liveness());
  if (request.path == "/readyz") return ProbeResponse(endpoints_.readiness());
  HttpResponse response;
  if (request.path == "/metrics") {
    response.content_type = "text/plain; version=0.0.4; charset=utf-8";
    response.body = endpoints_.metrics();
  } else if (request.path == "/") {
    response.content_type = "text/html; charset=utf-8";
    response.body = endpoints_.status_page();
  } else {
    response = ErrorResponse(404, "there are /metrics, /livez, /readyz and /");
  }
  return response;
}

}  // namespace transformerd
