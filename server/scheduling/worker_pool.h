// The threads behind the workers.
#pragma once

#include <thread>
#include <vector>

#include "server/scheduling/scheduler.h"

namespace transformerd {

// Runs one thread a worker, each pulling batches until the scheduler is
// stopped.
class WorkerPool {
 public:
  // Starts the threads. `scheduler` must outlive the pool.
  explicit WorkerPool(Scheduler& scheduler);
  // Stops the scheduler and waits for the batches that run.
  ~WorkerPool();

 private:
  Scheduler& scheduler_;
  std::vector<std::thread> threads_;
};

}  // namespace transformerd
