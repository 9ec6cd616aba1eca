#include "model/distributed/optional_backends.h"
#include "model/distributed/transports.h"

namespace transformerd {

absl::Status CheckNcclIsBuilt() {
  return absl::UnimplementedError(
      "nccl is not in this build: it takes --config=cuda");
}

absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeNcclGroup(
    const std::vector<int>& /*gpus*/, absl::Duration /*timeout*/) {
  return CheckNcclIsBuilt();
}

int CountGpus() { return 0; }

void PrepareNccl() {}

}  // namespace transformerd
