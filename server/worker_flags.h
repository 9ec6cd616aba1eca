// The flags about workers, and how they get, hold and use the weights.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "model/runtime/engine_options.h"
#include "model/runtime/worker_layout.h"

namespace transformerd {

struct WorkerFlags {
  // "auto" alone, or "cpu", "cuda" and "cuda:<N>": what there is of them is
  // the model loader's to say.
  std::vector<std::string> devices = {"auto"};
  int threads_per_worker = 0;  // 0: the cores, shared out evenly
  EngineOptions engine;
  ReplicaOptions replicas;
  int64_t load_bandwidth_limit = 0;  // bytes per second; 0: none
  int64_t device_memory_limit = 0;   // bytes; 0: what is free
};

// Takes the values of Abseil's flags. INVALID_ARGUMENT with one line that names
// the flag, its value and what was expected, or two that contradict.
absl::Status ReadWorkerFlags(WorkerFlags& flags);

}  // namespace transformerd
