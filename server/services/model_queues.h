// Ties models of the repository to queues of the scheduler.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/model_handle.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/scheduler.h"

namespace transformerd {

// The queue of one model instance, and a handle that keeps the instance
// loaded: both are given up together, when the last request is answered.
class ModelQueue {
 public:
  ModelQueue(Scheduler& scheduler, Metrics& metrics, ModelHandle handle);
  ~ModelQueue();
  ModelQueue(const ModelQueue&) = delete;
  ModelQueue& operator=(const ModelQueue&) = delete;

  QueueId id() const { return id_; }
  const ModelHandle& handle() const { return handle_; }

 private:
  Scheduler& scheduler_;
  const ModelHandle handle_;
  const QueueId id_;
};

// One queue for each instance that has requests under way, none for the rest:
// so an unload waits for requests alone, and a reloaded model's requests never
// meet those of its predecessor. Thread-safe.
class ModelQueues {
 public:
  // Both must outlive this and all queues.
  ModelQueues(Scheduler& scheduler, Metrics& metrics);

  // The queue of the handle's instance, new where it has none. Whoever holds
  // it keeps the model loaded.
  std::shared_ptr<const ModelQueue> Get(const ModelHandle& handle)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  Scheduler& scheduler_;
  Metrics& metrics_;
  absl::Mutex mutex_;
  // By the instance's generation.
  absl::flat_hash_map<int64_t, std::weak_ptr<const ModelQueue>> queues_
      ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
