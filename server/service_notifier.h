// Tells the supervisor that started the daemon how it does: systemd's sd_notify
// protocol.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// Each call sends at most one datagram and waits for nothing. What could not be
// sent is told again by the next call, and the log says so once until one got
// through. Not thread-safe.
class ServiceNotifier {
 public:
  // `socket` is what NOTIFY_SOCKET holds: a path, or @ and an abstract name.
  // Empty: there is no supervisor, and nothing is sent.
  explicit ServiceNotifier(std::string socket);
  ~ServiceNotifier();
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  // How the daemon does now, to be told now and then: that it is alive, unless
  // `liveness` is an error; that it is ready, once; and what it is at, where
  // that is another thing than the last time. systemd leaves datagrams of more
  // than 4 KiB unread.
  void Tell(const absl::Status& liveness, const absl::Status& readiness);

  // It ends from now on, and Tell is not called any more.
  void TellStopping();

 private:
  // Whether the supervisor has it, or there is none.
  bool Send(absl::string_view state);
  absl::Status TrySend(absl::string_view state) const;

  const std::string socket_;
  const int descriptor_;  // -1 where there is no socket
  bool told_ready_ = false;
  std::string told_status_;
  bool last_failed_ = false;
};

}  // namespace transformerd
