// Process groups of Gloo over the loopback interface.
#pragma once

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/distributed/c10d_transport.h"

namespace transformerd {

// A fresh group for the threads of this process. Whatever takes longer than
// `timeout` fails. INTERNAL where the system has no sockets left.
absl::StatusOr<C10dBackend> MakeGlooBackend(int world_size,
                                            absl::Duration timeout);

}  // namespace transformerd
