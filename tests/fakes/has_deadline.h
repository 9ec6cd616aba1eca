// Whether a client set its call a time-out.
#pragma once

#include <chrono>

#include "grpcpp/server_context.h"

namespace transformerd {

inline bool HasDeadline(const grpc::ServerContext& context) {
  return context.deadline() != std::chrono::system_clock::time_point::max();
}

}  // namespace transformerd
