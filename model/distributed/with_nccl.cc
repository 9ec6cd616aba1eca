#include "model/base/status_macros.h"
#include "model/distributed/nccl_backend.h"
#include "model/distributed/optional_backends.h"
#include "model/distributed/transports.h"

namespace transformerd {

absl::Status CheckNcclIsBuilt() { return absl::OkStatus(); }

absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeNcclGroup(
    const std::vector<int>& gpus, absl::Duration timeout) {
  ASSIGN_OR_RETURN(const C10dBackend backend, MakeNcclBackend(gpus, timeout));
  return MakeC10dGroup(backend, timeout);
}

int CountGpus() { return CountCudaDevices(); }

void PrepareNccl() {
  PrepareC10d();
  KeepNcclFromEndingTheProcess();
}

}  // namespace transformerd
