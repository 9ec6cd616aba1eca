#include "model/distributed/transports.h"

#include "glog/logging.h"
#include "model/base/status_macros.h"
#include "model/distributed/optional_backends.h"
#include "model/loading/in_process.h"

namespace transformerd {

absl::Status CheckIsBuilt(TransportKind kind) {
  switch (kind) {
    case TransportKind::kInProcess:
      return absl::OkStatus();
    case TransportKind::kGloo:
      return CheckGlooIsBuilt();
    case TransportKind::kNccl:
      return CheckNcclIsBuilt();
  }
  LOG(FATAL) << "no transport " << static_cast<int>(kind);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::unique_ptr<WeightTransport>>> MakeTransports(
    const TransportOptions& options) {
  RETURN_IF_ERROR(CheckIsBuilt(options.kind));
  switch (options.kind) {
    case TransportKind::kInProcess:
      return MakeInProcessGroup(options.world_size, options.timeout);
    case TransportKind::kGloo:
      return MakeGlooGroup(options.world_size, options.timeout);
    case TransportKind::kNccl:
      CHECK_EQ(static_cast<int>(options.gpus.size()), options.world_size);
      return MakeNcclGroup(options.gpus, options.timeout);
  }
  LOG(FATAL) << "no transport " << static_cast<int>(options.kind);
  return absl::OkStatus();
}

void PrepareTransports() {
  PrepareGloo();
  PrepareNccl();
}

}  // namespace transformerd
