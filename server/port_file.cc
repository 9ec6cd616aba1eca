#include "server/port_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <fstream>

#include "absl/strings/str_cat.h"

namespace transformerd {

absl::Status WritePortFile(const std::string& path, const BoundPorts& ports) {
  const std::string temporary = absl::StrCat(path, ".", getpid(), ".tmp");
  std::ofstream file(temporary, std::ios::trunc);
  file << "grpc_port=" << ports.grpc_port << "\n"
       << "metrics_port=" << ports.metrics_port << "\n"
       << "health_port=" << ports.health_port << "\n";
  file.close();
  if (!file.good()) {
    const int error = errno;
    std::remove(temporary.c_str());
    return absl::ErrnoToStatus(error,
                               absl::StrCat("cannot write '", temporary, "'"));
  }
  if (std::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error = errno;
    std::remove(temporary.c_str());
    return absl::ErrnoToStatus(error,
                               absl::StrCat("cannot write '", path, "'"));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
