// Groups of the transports that this build has.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/loading/transport.h"
#include "model/loading/transport_kind.h"

namespace transformerd {

// OK where this build has it, else UNIMPLEMENTED with what to build it with.
absl::Status CheckIsBuilt(TransportKind kind);

struct TransportOptions {
  TransportKind kind = TransportKind::kInProcess;
  int world_size = 1;
  // For kNccl: the GPU of each rank.
  std::vector<int> gpus;
  absl::Duration timeout = kDefaultTransportTimeout;
};

// A fresh group for one load: one transport a rank.
absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeTransports(
    const TransportOptions& options);

// GPUs that this process sees; none in builds without --config=cuda.
int CountGpus();

// Makes transports fail rather than end the process. Sets variables of the
// environment, where LibTorch reads such settings: to be called before the
// process has a second thread that reads it, and before the first group.
void PrepareTransports();

}  // namespace transformerd
