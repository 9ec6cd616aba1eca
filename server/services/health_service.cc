#include "server/services/health_service.h"

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"
#include "grpcpp/alarm.h"

namespace transformerd {

// Brings a change of state, which any thread may make, to the queue's thread.
// Thread-safe.
class HealthWaker {
 public:
  HealthWaker(grpc::CompletionQueue& queue, CompletionHandler on_wake)
      : queue_(&queue), on_wake_(std::move(on_wake)) {}

  // Makes the queue return on_wake soon; several wishes may be answered once.
  void Wake() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    if (queue_ == nullptr || is_pending_) return;
    is_pending_ = true;
    alarm_.Set(queue_, gpr_time_0(GPR_CLOCK_MONOTONIC), &on_wake_);
  }

  // Called by on_wake before it looks at the state, so that no change after
  // that look is lost.
  void Acknowledge() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    is_pending_ = false;
  }

  // Wake does nothing from now on: the queue is about to be shut down.
  void Close() ABSL_LOCKS_EXCLUDED(mutex_) {
    absl::MutexLock lock(&mutex_);
    queue_ = nullptr;
  }

 private:
  absl::Mutex mutex_;
  grpc::CompletionQueue* queue_ ABSL_GUARDED_BY(mutex_);
  bool is_pending_ ABSL_GUARDED_BY(mutex_) = false;
  grpc::Alarm alarm_ ABSL_GUARDED_BY(mutex_);
  CompletionHandler on_wake_;
};

HealthService::HealthService(HealthState& state) : context_{state} {}

HealthService::~HealthService() { Stop(); }

void HealthService::Register(grpc::ServerBuilder& builder) {
  CHECK(context_.queue == nullptr) << "registered twice";
  builder.RegisterService(&context_.service);
  context_.queue = builder.AddCompletionQueue();
}

void HealthService::Start() {
  CHECK(context_.queue != nullptr) << "not registered";
  CHECK(waker_ == nullptr) << "started twice";
  waker_ = std::make_shared<HealthWaker>(*context_.queue, [this](bool) {
    waker_->Acknowledge();
    for (HealthWatchCall* watch : context_.watches) watch->Refresh();
  });
  HealthCheckCall::Listen(context_);
  HealthWatchCall::Listen(context_);
  listener_ = context_.state.Subscribe([waker = waker_] { waker->Wake(); });
  thread_ = std::thread([this] { Serve(); });
}

void HealthService::Stop() {
  if (context_.queue == nullptr) return;
  if (waker_ != nullptr) {
    context_.state.Unsubscribe(listener_);
    waker_->Close();
  }
  context_.queue->Shutdown();
  if (thread_.joinable()) {
    thread_.join();
  } else {
    Serve();  // a queue must be empty before it goes
  }
  context_.queue.reset();
}

void HealthService::Serve() {
  void* tag = nullptr;
  bool ok = false;
  while (context_.queue->Next(&tag, &ok)) {
    // A copy: the call that owns the handler may delete itself meanwhile.
    const CompletionHandler handler = *static_cast<CompletionHandler*>(tag);
    handler(ok);
  }
}

}  // namespace transformerd
