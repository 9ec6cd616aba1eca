// TCP sockets without exceptions.
#pragma once

#include <string>
#include <utility>

#include "absl/status/statusor.h"

namespace transformerd {

// Owns a file descriptor; -1 for none. Not thread-safe.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Socket& operator=(Socket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Socket();

  int fd() const { return fd_; }

 private:
  int fd_;
};

// Listens without blocking on `address` (IPv4, IPv6 or a name of this machine)
// and `port`, 0 for a free one. UNAVAILABLE where that is taken,
// INVALID_ARGUMENT where it is no address.
absl::StatusOr<Socket> Listen(const std::string& address, int port);

// The port that a socket is bound to.
int PortOf(const Socket& socket);

}  // namespace transformerd
