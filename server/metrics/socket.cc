#include "server/metrics/socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

std::string Endpoint(const std::string& address, int port) {
  return absl::StrContains(address, ':')
             ? absl::StrCat("[", address, "]:", port)
             : absl::StrCat(address, ":", port);
}

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

absl::StatusOr<Addresses> Resolve(const std::string& address, int port) {
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error =
      getaddrinfo(address.c_str(), absl::StrCat(port).c_str(), &hints, &found);
  if (error == 0) return Addresses(found, &freeaddrinfo);
  return absl::InvalidArgumentError(absl::StrCat(
      "cannot listen on ", Endpoint(address, port), ": ", gai_strerror(error)));
}

// Listens on one address; no descriptor and errno on failure.
Socket ListenOn(const addrinfo& address) {
  const int type = address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC;
  Socket socket(::socket(address.ai_family, type, address.ai_protocol));
  const int yes = 1;
  const bool is_listening =
      socket.fd() >= 0 &&
      setsockopt(socket.fd(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) ==
          0 &&
      bind(socket.fd(), address.ai_addr, address.ai_addrlen) == 0 &&
      listen(socket.fd(), SOMAXCONN) == 0;
  return is_listening ? std::move(socket) : Socket();
}

}  // namespace

Socket::~Socket() {
  const int saved = errno;  // the reason why a caller gives up on a socket
  if (fd_ >= 0) close(fd_);
  errno = saved;
}

absl::StatusOr<Socket> Listen(const std::string& address, int port) {
  if (port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot listen on ", Endpoint(address, port),
                     ": ports are from 0 to 65535"));
  }
  absl::StatusOr<Addresses> addresses = Resolve(address, port);
  if (!addresses.ok()) return addresses.status();
  int error = 0;
  for (const addrinfo* each = addresses->get(); each; each = each->ai_next) {
    Socket socket = ListenOn(*each);
    if (socket.fd() >= 0) return socket;
    error = errno;
  }
  return absl::UnavailableError(absl::StrCat("cannot listen on ",
                                             Endpoint(address, port), ": ",
                                             std::strerror(error)));
}

int PortOf(const Socket& socket) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  PCHECK(getsockname(socket.fd(), reinterpret_cast<sockaddr*>(&address),
                     &size) == 0);
  // The port lies at the same place in both families.
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

}  // namespace transformerd
