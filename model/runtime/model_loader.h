// Makes models for the workers of this process.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "model/base/clock.h"
#include "model/base/dtype.h"
#include "model/runtime/engine_options.h"
#include "model/runtime/executor.h"
#include "model/runtime/loaded_model.h"
#include "model/runtime/worker_layout.h"

namespace transformerd {

struct ModelLoaderOptions {
  // One worker each; see ResolveDevices.
  std::vector<std::string> devices = {"cpu"};
  // GPUs "cuda:0" and up, at least one; nothing: those that this process sees.
  std::optional<int> num_gpus;
  // Threads of one worker's computation; 0: the cores, shared out evenly.
  int threads_per_worker = 0;
  EngineOptions engine;
  // The loading strategy is for loads that name none.
  ReplicaOptions replicas;
  // A rank that keeps the others waiting for longer fails the load.
  absl::Duration transport_timeout = kDefaultTransportTimeout;
  // For loads that name none; nothing: the checkpoint's own.
  std::optional<DType> dtype;
  // Bytes per second that all loads together may read; 0: as fast as it goes.
  int64_t load_bandwidth_limit = 0;
  // Most bytes of weights on each GPU, all models together; 0: what is free.
  int64_t device_memory_limit = 0;
  // For the limit of bytes per second; null: the machine's. Must outlive the
  // loader.
  Clock* clock = nullptr;
  // Applied to every executor that a load makes, say to have one fail.
  WrapExecutor wrap_executor;
};

// INVALID_ARGUMENT naming the option, its value and what was expected.
absl::StatusOr<std::unique_ptr<ModelLoader>> MakeModelLoader(
    const ModelLoaderOptions& options);

}  // namespace transformerd
