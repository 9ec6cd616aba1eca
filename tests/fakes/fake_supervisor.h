// What systemd is to a service that it started.
#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {

// Listens on a datagram socket from construction to destruction.
class FakeSupervisor {
 public:
  // `name` is a path, or @ and an abstract name.
  explicit FakeSupervisor(const std::string& name)
      : name_(name), descriptor_(socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    EXPECT_EQ(bind(descriptor_, reinterpret_cast<sockaddr*>(&address),
                   static_cast<socklen_t>(sizeof(sa_family_t) + name.size())),
              0);
  }
  ~FakeSupervisor() { close(descriptor_); }
  FakeSupervisor(const FakeSupervisor&) = delete;
  FakeSupervisor& operator=(const FakeSupervisor&) = delete;

  // What services find in NOTIFY_SOCKET.
  const std::string& name() const { return name_; }

  // The next datagram; waits for it.
  std::string Next() { return Receive(0); }

  // All that came since.
  std::vector<std::string> Heard() {
    std::vector<std::string> heard;
    for (std::string next; !(next = Receive(MSG_DONTWAIT)).empty();) {
      heard.push_back(next);
    }
    return heard;
  }

 private:
  // Empty where there is none.
  std::string Receive(int flags) {
    char text[4096];
    const ssize_t size = recv(descriptor_, text, sizeof(text), flags);
    return size > 0 ? std::string(text, size) : std::string();
  }

  const std::string name_;
  const int descriptor_;
};

}  // namespace transformerd
