#include "server/metrics/http_connection.h"

#include <sys/socket.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

bool WouldBlock() {
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

HttpResponse ErrorResponse(const absl::Status& status) {
  HttpResponse response;
  response.code = absl::IsResourceExhausted(status) ? 431 : 400;
  response.body = absl::StrCat(status.message(), "\n");
  return response;
}

}  // namespace

HttpConnection::HttpConnection(Socket socket, absl::Time deadline)
    : socket_(std::move(socket)), deadline_(deadline) {}

bool HttpConnection::Advance(const Handler& handler) {
  if (!wants_to_send() && !Receive(handler)) return false;
  return !wants_to_send() || Send();
}

bool HttpConnection::Receive(const Handler& handler) {
  char buffer[4096];
  const ssize_t count = recv(socket_.fd(), buffer, sizeof(buffer), 0);
  if (count < 0) return WouldBlock();
  if (count == 0) return false;
  // What comes behind the request is read and forgotten: closing a socket with
  // unread bytes would take the response away from the client.
  if (!response_.empty()) return true;
  received_.append(buffer, static_cast<size_t>(count));
  absl::StatusOr<std::optional<HttpRequest>> request =
      ParseHttpRequest(received_);
  if (!request.ok()) {
    response_ = Serialize(ErrorResponse(request.status()), /*with_body=*/true);
  } else if (request->has_value()) {
    const bool is_head = (*request)->method == "HEAD";
    response_ = Serialize(handler(**request), /*with_body=*/!is_head);
  }
  return true;
}

bool HttpConnection::Send() {
  const ssize_t count = send(socket_.fd(), response_.data() + sent_,
                             response_.size() - sent_, MSG_NOSIGNAL);
  if (count < 0) return WouldBlock();
  sent_ += static_cast<size_t>(count);
  if (!wants_to_send()) shutdown(socket_.fd(), SHUT_WR);
  return true;
}

}  // namespace transformerd
