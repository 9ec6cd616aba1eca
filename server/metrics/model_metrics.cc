#include "server/metrics/model_metrics.h"

#include "absl/strings/string_view.h"

namespace transformerd {
namespace {

absl::string_view NameOf(RejectReason reason) {
  switch (reason) {
    case RejectReason::kQueueRequests:
      return "queue_requests";
    case RejectReason::kQueueTokens:
      return "queue_tokens";
    case RejectReason::kDraining:
      return "draining";
    case RejectReason::kExpired:
      return "expired";
  }
  return "unknown";
}

}  // namespace

ModelMetrics::ModelMetrics(MetricFamilies& families, absl::string_view model,
                           absl::string_view version)
    : families_(families),
      labels_(
          {{"model", std::string(model)}, {"version", std::string(version)}}),
      queue_seconds_(
          families.request_queue_seconds.Add(labels_, RequestSecondsBuckets())),
      compute_seconds_(families.request_compute_seconds.Add(
          labels_, RequestSecondsBuckets())),
      request_tokens_(families.request_tokens.Add(labels_, TokensBuckets())),
      batch_requests_(
          families.batch_requests.Add(labels_, BatchRequestsBuckets())),
      batch_tokens_(families.batch_tokens.Add(labels_, TokensBuckets())),
      tokens_total_(families.tokens_total.Add(labels_)),
      batches_total_(families.batches_total.Add(labels_)) {}

prometheus::Labels ModelMetrics::With(absl::string_view name,
                                      absl::string_view value) const {
  prometheus::Labels labels = labels_;
  labels.emplace(std::string(name), std::string(value));
  return labels;
}

void ModelMetrics::RecordRequest(absl::string_view method,
                                 absl::StatusCode code,
                                 absl::Duration duration) {
  absl::MutexLock lock(&mutex_);
  auto found = methods_.find(method);
  if (found == methods_.end()) {
    found = methods_.emplace(std::string(method), Method()).first;
    found->second.duration = &families_.request_duration_seconds.Add(
        With("method", method), RequestSecondsBuckets());
  }
  found->second.duration->Observe(absl::ToDoubleSeconds(duration));
  prometheus::Counter*& total = found->second.totals[code];
  if (total == nullptr) {
    prometheus::Labels labels = With("method", method);
    labels.emplace("code", absl::StatusCodeToString(code));
    total = &families_.requests_total.Add(labels);
  }
  total->Increment();
}

void ModelMetrics::RecordAnswer(const RequestTimes& times) {
  statistics_.AddAnswer(times);
}

void ModelMetrics::RecordCancelledInCompute() {
  families_.cancelled_total.Add(With("stage", "compute")).Increment();
}

void ModelMetrics::RecordRejected(RejectReason reason) {
  families_.rejected_total.Add(With("reason", NameOf(reason))).Increment();
}

void ModelMetrics::RecordDroppedText() {
  families_.cancelled_total.Add(With("stage", "text")).Increment();
}

void ModelMetrics::RecordLoad(const LoadReport& report,
                              absl::Duration duration) {
  families_.model_load_bytes_read_total.Add(labels_).Increment(
      static_cast<double>(report.bytes_read));
  families_.model_load_bytes_broadcast_total.Add(labels_).Increment(
      static_cast<double>(report.bytes_broadcast));
  families_.model_load_duration_seconds.Add(labels_, LoadSecondsBuckets())
      .Observe(absl::ToDoubleSeconds(duration));
  for (const PhaseTime& phase : report.phases) {
    families_.model_load_phase_seconds
        .Add(With("stage", NameOf(phase.phase)), LoadSecondsBuckets())
        .Observe(absl::ToDoubleSeconds(phase.time));
  }
  absl::MutexLock lock(&mutex_);
  SetGauge(families_.model_weight_bytes,
           static_cast<double>(report.weight_bytes * report.replicas));
  SetGauge(families_.model_load_peak_bytes,
           static_cast<double>(report.peak_host_bytes));
}

void ModelMetrics::RecordUnload(int64_t released_bytes) {
  absl::MutexLock lock(&mutex_);
  RemoveGauge(families_.model_weight_bytes);
  RemoveGauge(families_.model_load_peak_bytes);
  RemoveGauge(families_.pending_requests);
  RemoveGauge(families_.pending_tokens);
  SetGauge(families_.unload_released_bytes,
           static_cast<double>(released_bytes));
}

void ModelMetrics::SetState(int state) {
  absl::MutexLock lock(&mutex_);
  SetGauge(families_.model_state, state);
}

void ModelMetrics::SetPending(int64_t requests, int64_t tokens) {
  absl::MutexLock lock(&mutex_);
  SetGauge(families_.pending_requests, static_cast<double>(requests));
  SetGauge(families_.pending_tokens, static_cast<double>(tokens));
}

int64_t ModelMetrics::pending_requests() const {
  absl::MutexLock lock(&mutex_);
  const auto found = gauges_.find(&families_.pending_requests);
  return found == gauges_.end() ? 0
                                : static_cast<int64_t>(found->second->Value());
}

void ModelMetrics::SetGauge(GaugeFamily& family, double value) {
  prometheus::Gauge*& gauge = gauges_[&family];
  if (gauge == nullptr) gauge = &family.Add(labels_);
  gauge->Set(value);
}

void ModelMetrics::RemoveGauge(GaugeFamily& family) {
  const auto found = gauges_.find(&family);
  if (found == gauges_.end()) return;
  family.Remove(found->second);
  gauges_.erase(found);
}

void ModelMetrics::OnRejected(RejectReason reason) {
  RecordRejected(reason);
  statistics_.AddFailure(absl::ZeroDuration());
}

void ModelMetrics::OnBatch(const BatchRecord& batch) {
  batches_total_.Increment();
  batch_requests_.Observe(static_cast<double>(batch.requests));
  batch_tokens_.Observe(static_cast<double>(batch.tokens));
  tokens_total_.Increment(static_cast<double>(batch.tokens));
  statistics_.AddBatch(batch);
}

void ModelMetrics::OnDropped() {
  families_.cancelled_total.Add(With("stage", "queue")).Increment();
}

void ModelMetrics::OnComputed(const RequestRecord& request) {
  queue_seconds_.Observe(absl::ToDoubleSeconds(request.queue_time));
  compute_seconds_.Observe(absl::ToDoubleSeconds(request.compute_time));
  request_tokens_.Observe(static_cast<double>(request.tokens));
}

void ModelMetrics::OnFailed(absl::Duration duration) {
  statistics_.AddFailure(duration);
}

}  // namespace transformerd
