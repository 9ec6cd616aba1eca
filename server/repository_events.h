// Carries what happens to models to metrics and health.
#pragma once

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/model_repository.h"
#include "server/lifecycle/repository_observer.h"
#include "server/metrics/metrics.h"
#include "server/services/health_state.h"

namespace transformerd {

// "model/<name>" serves while a version of it is ready; readiness follows the
// repository's. Thread-safe.
class RepositoryEvents : public RepositoryObserver {
 public:
  // Both must outlive this.
  RepositoryEvents(Metrics& metrics, HealthState& health);

  // The repository that is observed, which asks for its observer before it is
  // there itself. Before its first operation.
  void Attach(const ModelRepository& repository) { repository_ = &repository; }

  // Sets readiness anew.
  void UpdateReadiness() ABSL_LOCKS_EXCLUDED(mutex_);

  void OnState(const ModelId& id, ModelState state) override;
  void OnLoaded(const ModelId& id, const LoadReport& report,
                absl::Duration total_time) override;
  void OnUnloaded(const ModelId& id, int64_t released_bytes) override;
  void OnOperationEnd() override { UpdateReadiness(); }

 private:
  ModelMetrics& MetricsOf(const ModelId& id);

  Metrics& metrics_;
  HealthState& health_;
  const ModelRepository* repository_ = nullptr;
  // Held while readiness is taken and told, so that the latest is told last.
  absl::Mutex mutex_;
};

}  // namespace transformerd
