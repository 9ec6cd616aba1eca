#include "server/repository_events.h"

#include "absl/strings/str_cat.h"

namespace transformerd {

RepositoryEvents::RepositoryEvents(Metrics& metrics, HealthState& health)
    : metrics_(metrics), health_(health) {}

ModelMetrics& RepositoryEvents::MetricsOf(const ModelId& id) {
  return metrics_.ForModel(id.name, absl::StrCat(id.version));
}

void RepositoryEvents::UpdateReadiness() {
  absl::MutexLock lock(&mutex_);
  health_.SetReady(repository_->Readiness().ok());
}

void RepositoryEvents::OnState(const ModelId& id, ModelState state) {
  MetricsOf(id).SetState(static_cast<int>(state));
  health_.Set(ModelHealthName(id.name),
              !repository_->ReadyVersions(id.name).empty());
}

void RepositoryEvents::OnLoaded(const ModelId& id, const LoadReport& report,
                                absl::Duration total_time) {
  MetricsOf(id).RecordLoad(report, total_time);
}

void RepositoryEvents::OnUnloaded(const ModelId& id, int64_t released_bytes) {
  MetricsOf(id).RecordUnload(released_bytes);
}

}  // namespace transformerd
