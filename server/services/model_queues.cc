#include "server/services/model_queues.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

QueueOptions OptionsFor(const ModelHandle& handle, Metrics& metrics) {
  const ServingOptions& serving = handle.serving_options();
  QueueOptions options;
  options.model = handle.name();
  options.version = absl::StrCat(handle.version());
  options.batch.max_tokens = serving.max_batch_tokens;
  options.batch.max_sequences = serving.max_batch_requests;
  options.batch.max_queue_delay = serving.max_queue_delay;
  options.limits.max_requests = serving.max_queue_requests;
  options.limits.max_tokens = serving.max_queue_tokens;
  options.observer = &metrics.ForModel(options.model, options.version);
  return options;
}

}  // namespace

ModelQueue::ModelQueue(Scheduler& scheduler, Metrics& metrics,
                       ModelHandle handle)
    : scheduler_(scheduler),
      handle_(std::move(handle)),
      id_(scheduler.OpenQueue(handle_.model(), OptionsFor(handle_, metrics))) {}

ModelQueue::~ModelQueue() { scheduler_.CloseQueue(id_); }

ModelQueues::ModelQueues(Scheduler& scheduler, Metrics& metrics)
    : scheduler_(scheduler), metrics_(metrics) {}

std::shared_ptr<const ModelQueue> ModelQueues::Get(const ModelHandle& handle) {
  absl::MutexLock lock(&mutex_);
  std::weak_ptr<const ModelQueue>& known = queues_[handle.generation()];
  std::shared_ptr<const ModelQueue> queue = known.lock();
  if (queue != nullptr) return queue;
  queue = std::make_shared<const ModelQueue>(scheduler_, metrics_, handle);
  known = queue;
  // Of models without requests, and of those that are gone for ever.
  absl::erase_if(queues_,
                 [](const auto& entry) { return entry.second.expired(); });
  return queue;
}

}  // namespace transformerd
