// Tells other programs which ports were bound.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace transformerd {

struct BoundPorts {
  int grpc_port = 0;
  int metrics_port = 0;
  int health_port = 0;  // 0: none
};

// Writes lines such as "grpc_port=8001" to a temporary name beside `path` and
// renames it, so that whoever sees the file sees all of it.
absl::Status WritePortFile(const std::string& path, const BoundPorts& ports);

}  // namespace transformerd
