#include "server/worker_flags.h"

#include "absl/flags/flag.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/status_macros.h"
#include "server/flag_definitions.h"
#include "server/flag_errors.h"

namespace transformerd {
namespace {

constexpr int kMaxThreads = 1024;

absl::Status ReadDevices(WorkerFlags& flags) {
  const std::string devices = absl::GetFlag(FLAGS_devices);
  flags.devices = absl::StrSplit(devices, ',');
  for (const std::string& device : flags.devices) {
    // Whether there are GPUs is the loader's to say.
    if (device == "cpu" || device == "cuda" ||
        absl::StartsWith(device, "cuda:") || devices == "auto") {
      continue;
    }
    return RefusedFlag("flag --devices is ", QuotedValue(devices),
                       ", expected auto, cuda, or a list such as cpu,cpu or "
                       "cuda:0,cuda:1");
  }
  flags.threads_per_worker = absl::GetFlag(FLAGS_threads_per_worker);
  if (flags.threads_per_worker < 0 || flags.threads_per_worker > kMaxThreads) {
    return RefusedFlag("flag --threads_per_worker is ",
                       flags.threads_per_worker,
                       ", expected an integer from 0 to ", kMaxThreads);
  }
  return absl::OkStatus();
}

absl::Status ReadEngine(EngineOptions& options) {
  const std::string engine = absl::GetFlag(FLAGS_engine);
  const auto known_engine = EngineKindFromName(engine);
  if (!known_engine.has_value()) {
    return RefusedFlag("flag --engine is ", QuotedValue(engine),
                       ", expected auto, reference or native");
  }
  options.kind = *known_engine;
  options.deterministic = absl::GetFlag(FLAGS_deterministic);
  options.cuda_graphs = absl::GetFlag(FLAGS_cuda_graphs);
  if (options.deterministic && options.kind == EngineKind::kReference) {
    return RefusedFlag(
        "flags: --deterministic and --engine=reference, whose "
        "answers depend on the batch");
  }
  return absl::OkStatus();
}

absl::Status ReadReplicas(ReplicaOptions& options) {
  const std::string transport = absl::GetFlag(FLAGS_transport);
  options.transport = TransportKindFromName(transport);
  if (!options.transport.has_value() && transport != "auto") {
    return RefusedFlag("flag --transport is ", QuotedValue(transport),
                       ", expected auto, in_process, gloo or nccl");
  }
  const std::string strategy = absl::GetFlag(FLAGS_loading_strategy);
  const auto known_strategy = LoadingStrategyFromName(strategy);
  if (!known_strategy.has_value()) {
    return RefusedFlag("flag --loading_strategy is ", QuotedValue(strategy),
                       ", expected memory_efficient or free_for_all");
  }
  options.loading_strategy = *known_strategy;
  const std::string replicas = absl::GetFlag(FLAGS_cpu_replicas);
  const auto known_replicas = CpuReplicasFromName(replicas);
  if (!known_replicas.has_value()) {
    return RefusedFlag("flag --cpu_replicas is ", QuotedValue(replicas),
                       ", expected auto, shared or private");
  }
  options.cpu_replicas = *known_replicas;
  // Whether NCCL has GPUs is the loader's to say.
  if (options.transport == TransportKind::kNccl) return absl::OkStatus();
  const absl::Status consistent = WithReplicas({}, options).status();
  if (!consistent.ok()) return RefusedFlag("flags: ", consistent.message());
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadWorkerFlags(WorkerFlags& flags) {
  RETURN_IF_ERROR(ReadDevices(flags));
  flags.load_bandwidth_limit = absl::GetFlag(FLAGS_load_bandwidth_limit);
  if (flags.load_bandwidth_limit < 0) {
    return RefusedFlag("flag --load_bandwidth_limit is ",
                       flags.load_bandwidth_limit, ", expected 0 or more");
  }
  flags.device_memory_limit = absl::GetFlag(FLAGS_device_memory_limit);
  if (flags.device_memory_limit < 0) {
    return RefusedFlag("flag --device_memory_limit is ",
                       flags.device_memory_limit, ", expected 0 or more");
  }
  RETURN_IF_ERROR(ReadEngine(flags.engine));
  return ReadReplicas(flags.replicas);
}

}  // namespace transformerd
