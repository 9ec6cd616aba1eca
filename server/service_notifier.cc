#include "server/service_notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "glog/logging.h"

namespace transformerd {

ServiceNotifier::ServiceNotifier(std::string socket)
    : socket_(std::move(socket)),
      descriptor_(socket_.empty()
                      ? -1
                      : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

ServiceNotifier::~ServiceNotifier() {
  if (descriptor_ >= 0) close(descriptor_);
}

void ServiceNotifier::Tell(const absl::Status& liveness,
                           const absl::Status& readiness) {
  const absl::Status& told = liveness.ok() ? readiness : liveness;
  // A line of its own would be another variable.
  std::string status = absl::StrReplaceAll(
      told.ok() ? "serving" : told.message(), {{"\n", " "}});
  std::vector<std::string> lines;
  if (liveness.ok()) lines.push_back("WATCHDOG=1");
  if (readiness.ok() && !told_ready_) lines.push_back("READY=1");
  if (status != told_status_) lines.push_back(absl::StrCat("STATUS=", status));
  if (lines.empty() || !Send(absl::StrJoin(lines, "\n"))) return;
  told_ready_ = told_ready_ || readiness.ok();
  told_status_ = std::move(status);
}

void ServiceNotifier::TellStopping() { Send("STOPPING=1\nSTATUS=draining"); }

bool ServiceNotifier::Send(absl::string_view state) {
  if (socket_.empty()) return true;
  const absl::Status sent = TrySend(state);
  if (!sent.ok() && !last_failed_) {
    LOG(WARNING) << "the supervisor at NOTIFY_SOCKET=" << socket_
                 << " cannot be told anything: " << sent.message();
  }
  last_failed_ = !sent.ok();
  return sent.ok();
}

absl::Status ServiceNotifier::TrySend(absl::string_view state) const {
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof(address.sun_path)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the name has ", socket_.size(), " characters, at most ",
                     sizeof(address.sun_path) - 1));
  }
  std::memcpy(address.sun_path, socket_.data(), socket_.size());
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const auto length =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  const ssize_t sent = sendto(
      descriptor_, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
      reinterpret_cast<const sockaddr*>(&address), length);
  return sent < 0 ? absl::ErrnoToStatus(errno, "sendto") : absl::OkStatus();
}

}  // namespace transformerd
