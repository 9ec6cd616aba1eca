#include "server/scheduling/worker_pool.h"

namespace transformerd {

WorkerPool::WorkerPool(Scheduler& scheduler) : scheduler_(scheduler) {
  for (int worker = 0; worker < scheduler.num_workers(); ++worker) {
    threads_.emplace_back([&scheduler, worker] {
      while (scheduler.RunOne(worker)) {
      }
    });
  }
}

WorkerPool::~WorkerPool() {
  scheduler_.Stop();
  for (std::thread& thread : threads_) thread.join();
}

}  // namespace transformerd
