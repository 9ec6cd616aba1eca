#include "server/metrics/metrics.h"

#include "absl/strings/str_cat.h"
#include "prometheus/text_serializer.h"
#include "server/metrics/triton_names.h"

namespace transformerd {

Metrics::Metrics(absl::string_view server_version) : families_(registry_) {
  families_.build_info.Add({{"version", std::string(server_version)}}).Set(1);
}

ModelMetrics& Metrics::ForModel(absl::string_view model,
                                absl::string_view version) {
  absl::MutexLock lock(&mutex_);
  std::unique_ptr<ModelMetrics>& metrics =
      models_[{std::string(model), std::string(version)}];
  if (metrics == nullptr) {
    metrics = std::make_unique<ModelMetrics>(families_, model, version);
  }
  return *metrics;
}

void Metrics::SetWorker(int rank, absl::string_view device, bool up,
                        absl::Duration heartbeat_age) {
  const prometheus::Labels labels = {{"rank", absl::StrCat(rank)},
                                     {"device", std::string(device)}};
  families_.worker_up.Add(labels).Set(up ? 1 : 0);
  families_.worker_heartbeat_age_seconds.Add(labels).Set(
      absl::ToDoubleSeconds(heartbeat_age));
}

void Metrics::SetCapacityUsedRatio(double ratio) {
  families_.capacity_used_ratio.Add({}).Set(ratio);
}

void Metrics::RecordRpcStarted(absl::string_view method) {
  families_.grpc_server_started_total.Add({{"method", std::string(method)}})
      .Increment();
}

void Metrics::RecordRpcHandled(absl::string_view method, absl::string_view code,
                               absl::Duration duration) {
  const std::string name(method);
  families_.grpc_server_handled_total
      .Add({{"method", name}, {"code", std::string(code)}})
      .Increment();
  families_.grpc_server_handling_seconds
      .Add({{"method", name}}, RequestSecondsBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
}

void Metrics::AddRefresh(std::function<void()> refresh) {
  absl::MutexLock lock(&mutex_);
  refreshes_.push_back(std::move(refresh));
}

void Metrics::PublishTritonNames() {
  absl::MutexLock lock(&mutex_);
  has_triton_names_ = true;
}

std::string Metrics::Expose() {
  std::vector<std::function<void()>> refreshes;
  {
    absl::MutexLock lock(&mutex_);
    refreshes = refreshes_;
  }
  for (const auto& refresh : refreshes) refresh();
  return prometheus::TextSerializer().Serialize(Collect());
}

std::vector<prometheus::MetricFamily> Metrics::Collect() {
  std::vector<prometheus::MetricFamily> families = registry_.Collect();
  absl::MutexLock lock(&mutex_);
  if (!has_triton_names_) return families;
  std::vector<CountedModel> models;
  for (const auto& [id, metrics] : models_) {
    const auto& [model, version] = id;
    if (model.empty()) continue;  // of requests for none
    models.push_back(
        {model, version, metrics->statistics(), metrics->pending_requests()});
  }
  for (prometheus::MetricFamily& family : TritonFamilies(models)) {
    families.push_back(std::move(family));
  }
  return families;
}

}  // namespace transformerd
