#include "server/services/model_queues.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

QueueOptions OptionsFor(const ModelHandle& handle, QueueObserver* observer) {
  const ServingOptions& serving = handle.serving_options();
  QueueOptions options;
  options.model = handle.name();
  options.version = absl::StrCat(handle.version());
  options.batch.max_tokens = serving.max_batch_tokens;
  options.batch.max_sequences = serving.max_batch_requests;
  options.batch.max_queue_delay = serving.max_queue_delay;
  options.limits.max_requests = serving.max_queue_requests;
  options.limits.max_tokens = serving.max_queue_tokens;
  options.observer = observer;
  return options;
}

}  // namespace

ModelQueue::ModelQueue(Scheduler& scheduler, ModelHandle handle,
                       QueueObserver* observer)
    : scheduler_(scheduler),
      handle_(std::move(handle)),
      id_(scheduler.OpenQueue(handle_.model(), OptionsFor(handle_, observer))) {
}

ModelQueue::~ModelQueue() { scheduler_.CloseQueue(id_); }

ModelQueues::ModelQueues(Scheduler& scheduler, ObserverOf observer_of)
    : scheduler_(scheduler), observer_of_(std::move(observer_of)) {}

std::shared_ptr<const ModelQueue> ModelQueues::Get(const ModelHandle& handle) {
  absl::MutexLock lock(&mutex_);
  if (auto it = queues_.find(handle.generation()); it != queues_.end()) {
    if (auto queue = it->second.lock()) return queue;
  }
  // Rarely reached, so this is where the dead are swept out.
  absl::erase_if(queues_,
                 [](const auto& entry) { return entry.second.expired(); });
  QueueObserver* observer =
      observer_of_ ? observer_of_(handle.name(), handle.version()) : nullptr;
  auto queue = std::make_shared<const ModelQueue>(scheduler_, handle, observer);
  queues_[handle.generation()] = queue;
  return queue;
}

}  // namespace transformerd
