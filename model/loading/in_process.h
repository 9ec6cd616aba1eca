// The transport between threads of one process.
#pragma once

#include <memory>
#include <vector>

#include "model/loading/transport.h"

namespace transformerd {

// One transport a rank. Receivers copy straight out of the root's buffer, each
// in its own thread. The transports share the group's state and may be
// destroyed in any order, when none of them is in a call.
std::vector<std::unique_ptr<WeightTransport>> MakeInProcessGroup(
    int world_size, absl::Duration timeout = kDefaultTransportTimeout);

}  // namespace transformerd
