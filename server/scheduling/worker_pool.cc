#include "server/scheduling/worker_pool.h"

#include <pthread.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

// Shown by top -H and by debuggers; at most 15 characters.
void NameThisThread(int worker) {
  const std::string name = absl::StrCat("worker-", worker);
  pthread_setname_np(pthread_self(), name.c_str());
}

}  // namespace

WorkerPool::WorkerPool(Scheduler& scheduler) : scheduler_(scheduler) {
  for (int worker = 0; worker < scheduler.num_workers(); ++worker) {
    threads_.emplace_back([&scheduler, worker] {
      NameThisThread(worker);
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
