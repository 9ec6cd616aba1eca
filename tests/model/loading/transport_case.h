// The parameter of tests that run over several transports.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <vector>

#include "absl/time/time.h"
#include "model/loading/transport.h"

namespace transformerd {

using Group = std::vector<std::unique_ptr<WeightTransport>>;

struct TransportCase {
  std::function<Group(int world_size, absl::Duration timeout)> make;
  int world_size = 1;
};

inline void PrintTo(const TransportCase& transport, std::ostream* out) {
  *out << transport.world_size << " ranks";
}

}  // namespace transformerd
