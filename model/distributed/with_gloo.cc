#include "model/base/status_macros.h"
#include "model/distributed/gloo_backend.h"
#include "model/distributed/optional_backends.h"

namespace transformerd {

absl::Status CheckGlooIsBuilt() { return absl::OkStatus(); }

absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeGlooGroup(
    int world_size, absl::Duration timeout) {
  ASSIGN_OR_RETURN(const C10dBackend backend,
                   MakeGlooBackend(world_size, timeout));
  return MakeC10dGroup(backend, timeout);
}

void PrepareGloo() { PrepareC10d(); }

}  // namespace transformerd
