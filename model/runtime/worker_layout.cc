#include "model/runtime/worker_layout.h"

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr CpuReplicas kReplicas[] = {CpuReplicas::kAuto, CpuReplicas::kShared,
                                     CpuReplicas::kPrivate};

absl::Status ContradictsShared(absl::string_view option,
                               absl::string_view value) {
  return absl::InvalidArgumentError(absl::StrCat(
      option, "=", value,
      " contradicts cpu_replicas=shared, which leaves nothing to send, "
      "expected cpu_replicas=auto or private"));
}

// Of weights for GPUs, each of which needs a copy.
absl::StatusOr<TransportKind> TransportOfGpus(
    const WorkerLayout& workers, std::optional<TransportKind> asked) {
  const bool is_sent =
      workers.num_workers() > 1 &&
      workers.loading_strategy == LoadingStrategy::kMemoryEfficient;
  const TransportKind transport = asked.value_or(
      is_sent ? TransportKind::kNccl : TransportKind::kInProcess);
  if (transport != TransportKind::kGloo) return transport;
  return absl::InvalidArgumentError(
      "transport=gloo carries weights between CPUs, and the workers are on "
      "GPUs, expected transport=auto, in_process or nccl");
}

}  // namespace

absl::string_view NameOf(CpuReplicas replicas) {
  switch (replicas) {
    case CpuReplicas::kAuto:
      return "auto";
    case CpuReplicas::kShared:
      return "shared";
    case CpuReplicas::kPrivate:
      return "private";
  }
  LOG(FATAL) << "no kind of replicas " << static_cast<int>(replicas);
  return "";
}

std::optional<CpuReplicas> CpuReplicasFromName(absl::string_view name) {
  for (const CpuReplicas replicas : kReplicas) {
    if (name == NameOf(replicas)) return replicas;
  }
  return std::nullopt;
}

absl::StatusOr<WorkerLayout> WithReplicas(WorkerLayout workers,
                                          const ReplicaOptions& options) {
  const bool is_free_for_all =
      options.loading_strategy == LoadingStrategy::kFreeForAll;
  workers.loading_strategy = options.loading_strategy;
  if (workers.is_on_gpus()) {
    workers.private_replicas = true;
    ASSIGN_OR_RETURN(workers.transport,
                     TransportOfGpus(workers, options.transport));
    return workers;
  }
  workers.transport = options.transport.value_or(TransportKind::kInProcess);
  if (workers.transport == TransportKind::kNccl) {
    return absl::InvalidArgumentError(
        "transport=nccl carries weights between GPUs, and the workers are on "
        "the CPU, expected transport=auto, in_process or gloo");
  }
  const bool is_sent = workers.transport != TransportKind::kInProcess;
  workers.private_replicas = options.cpu_replicas == CpuReplicas::kPrivate;
  if (options.cpu_replicas == CpuReplicas::kShared) {
    if (is_sent) {
      return ContradictsShared("transport", NameOf(workers.transport));
    }
    if (is_free_for_all) {
      return ContradictsShared("loading_strategy",
                               NameOf(options.loading_strategy));
    }
  }
  if (options.cpu_replicas == CpuReplicas::kAuto) {
    workers.private_replicas = is_sent || is_free_for_all;
  }
  return workers;
}

}  // namespace transformerd
