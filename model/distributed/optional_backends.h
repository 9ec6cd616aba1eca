// What a build may lack: each half has two implementations, of which the BUILD
// file takes one.
#pragma once

#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/loading/transport.h"

namespace transformerd {

// UNIMPLEMENTED with what to build with. The groups may be made where it is OK.
absl::Status CheckGlooIsBuilt();
absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeGlooGroup(
    int world_size, absl::Duration timeout);
void PrepareGloo();

absl::Status CheckNcclIsBuilt();
absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeNcclGroup(
    const std::vector<int>& gpus, absl::Duration timeout);
void PrepareNccl();

}  // namespace transformerd
