// How the workers of this process get, hold and use the weights of a model.
#pragma once

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "model/base/device.h"
#include "model/loading/bandwidth_limit.h"
#include "model/loading/loading_strategy.h"
#include "model/loading/transport.h"
#include "model/loading/transport_kind.h"
#include "model/runtime/device_room.h"
#include "model/runtime/engine_options.h"

namespace transformerd {

enum class CpuReplicas {
  kAuto,     // shared, unless what else is asked for needs copies
  kShared,   // all workers look at one copy
  kPrivate,  // each worker has its own
};

// "auto", "shared", "private".
absl::string_view NameOf(CpuReplicas replicas);
// Nothing for another name.
std::optional<CpuReplicas> CpuReplicasFromName(absl::string_view name);

// What is asked for.
struct ReplicaOptions {
  CpuReplicas cpu_replicas = CpuReplicas::kAuto;  // GPUs have one each
  LoadingStrategy loading_strategy = LoadingStrategy::kMemoryEfficient;
  // Nothing: NCCL between GPUs, else memory of the process.
  std::optional<TransportKind> transport;
};

// What one load does.
struct WorkerLayout {
  // One a worker: all of them CPUs, or different GPUs.
  std::vector<Device> devices = {Device()};
  int threads_per_worker = 1;
  EngineOptions engine;
  bool private_replicas = false;
  LoadingStrategy loading_strategy = LoadingStrategy::kMemoryEfficient;
  TransportKind transport = TransportKind::kInProcess;
  absl::Duration transport_timeout = kDefaultTransportTimeout;
  // Of the loads of all workers together; null: none.
  BandwidthLimit* bandwidth_limit = nullptr;
  // Of all models on the devices.
  DeviceRoom device_room;

  int num_workers() const { return static_cast<int>(devices.size()); }
  int num_replicas() const { return private_replicas ? num_workers() : 1; }
  bool is_on_gpus() const { return !devices.front().is_cpu(); }
  // Replicas whose weights are read from the checkpoint.
  int num_readers() const {
    return loading_strategy == LoadingStrategy::kFreeForAll ? num_replicas()
                                                            : 1;
  }
};

// `workers` with what `options` say of replicas. INVALID_ARGUMENT naming both
// options where one contradicts another.
absl::StatusOr<WorkerLayout> WithReplicas(WorkerLayout workers,
                                          const ReplicaOptions& options);

}  // namespace transformerd
