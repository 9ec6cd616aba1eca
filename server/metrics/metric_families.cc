#include "server/metrics/metric_families.h"

#include <string>

namespace transformerd {
namespace {

using Buckets = prometheus::Histogram::BucketBoundaries;

Buckets PowersOfTwo(int count) {
  Buckets buckets;
  for (double bound = 1; count > 0; --count, bound *= 2) {
    buckets.push_back(bound);
  }
  return buckets;
}

std::string Prefixed(const std::string& name) {
  return name.rfind("grpc_", 0) == 0 ? name : "transformerd_" + name;
}

// The three only differ in the builder.
class Registrar {
 public:
  explicit Registrar(prometheus::Registry& registry) : registry_(registry) {}

  prometheus::Family<prometheus::Counter>& Counter(const std::string& name,
                                                   const std::string& help) {
    return prometheus::BuildCounter()
        .Name(Prefixed(name))
        .Help(help)
        .Register(registry_);
  }
  prometheus::Family<prometheus::Gauge>& Gauge(const std::string& name,
                                               const std::string& help) {
    return prometheus::BuildGauge()
        .Name(Prefixed(name))
        .Help(help)
        .Register(registry_);
  }
  prometheus::Family<prometheus::Histogram>& Histogram(
      const std::string& name, const std::string& help) {
    return prometheus::BuildHistogram()
        .Name(Prefixed(name))
        .Help(help)
        .Register(registry_);
  }

 private:
  prometheus::Registry& registry_;
};

}  // namespace

const Buckets& RequestSecondsBuckets() {
  static const auto* const kBuckets =
      new Buckets{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                  0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
  return *kBuckets;
}

const Buckets& LoadSecondsBuckets() {
  static const auto* const kBuckets =
      new Buckets{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1,   2.5,
                  5,    10,    25,   50,  100,  250, 500, 1000};
  return *kBuckets;
}

const Buckets& TokensBuckets() {
  static const auto* const kBuckets = new Buckets(PowersOfTwo(18));
  return *kBuckets;
}

const Buckets& BatchRequestsBuckets() {
  static const auto* const kBuckets = new Buckets(PowersOfTwo(10));
  return *kBuckets;
}

MetricFamilies::MetricFamilies(prometheus::Registry& registry)
    : requests_total(Registrar(registry).Counter(
          "requests_total", "Requests that were answered or refused")),
      request_duration_seconds(Registrar(registry).Histogram(
          "request_duration_seconds",
          "Time from the arrival of a request to its answer")),
      request_queue_seconds(Registrar(registry).Histogram(
          "request_queue_seconds",
          "Time that computed requests waited for a worker")),
      request_compute_seconds(Registrar(registry).Histogram(
          "request_compute_seconds",
          "Duration of the forward passes that a request was part of")),
      request_tokens(Registrar(registry).Histogram(
          "request_tokens", "Computed tokens of a request")),
      batch_requests(Registrar(registry).Histogram(
          "batch_requests", "Requests in a forward pass")),
      batch_tokens(Registrar(registry).Histogram("batch_tokens",
                                                 "Tokens in a forward pass")),
      tokens_total(Registrar(registry).Counter("tokens_total",
                                               "Tokens that were computed")),
      batches_total(Registrar(registry).Counter(
          "batches_total", "Forward passes, failed ones included")),
      rejected_total(Registrar(registry).Counter(
          "rejected_total", "Requests that were not accepted")),
      cancelled_total(Registrar(registry).Counter(
          "cancelled_total",
          "Requests that ended without an answer because the client gave up, "
          "its deadline passed or the server stopped, by where they were")),
      pending_requests(Registrar(registry).Gauge(
          "pending_requests", "Requests that wait for a worker")),
      pending_tokens(Registrar(registry).Gauge(
          "pending_tokens", "Tokens that wait for a worker")),
      capacity_used_ratio(Registrar(registry).Gauge(
          "capacity_used_ratio",
          "Share of the workers' time spent on forward passes lately")),
      model_state(Registrar(registry).Gauge(
          "model_state",
          "0 unloaded, 1 loading, 2 ready, 3 draining, 4 failed")),
      model_load_duration_seconds(Registrar(registry).Histogram(
          "model_load_duration_seconds", "Duration of loads that succeeded")),
      model_load_phase_seconds(Registrar(registry).Histogram(
          "model_load_phase_seconds",
          "Duration of the stages of loads that succeeded")),
      model_load_bytes_read_total(Registrar(registry).Counter(
          "model_load_bytes_read_total",
          "Payload bytes of tensors read from checkpoints")),
      model_load_bytes_broadcast_total(Registrar(registry).Counter(
          "model_load_bytes_broadcast_total",
          "Weight bytes sent from rank 0 to other ranks")),
      model_load_peak_bytes(
          Registrar(registry).Gauge("model_load_peak_bytes",
                                    "Host memory for weights and staging at "
                                    "their most in the last load")),
      model_weight_bytes(Registrar(registry).Gauge(
          "model_weight_bytes", "Weights in memory, all replicas together")),
      unload_released_bytes(Registrar(registry).Gauge(
          "unload_released_bytes", "Bytes given back by the last unload")),
      worker_up(Registrar(registry).Gauge("worker_up",
                                          "1 where the worker takes batches")),
      worker_heartbeat_age_seconds(Registrar(registry).Gauge(
          "worker_heartbeat_age_seconds",
          "How long the worker has been at its present forward pass; 0 when "
          "idle")),
      build_info(Registrar(registry).Gauge(
          "build_info", "1, with the version of the server as a label")),
      grpc_server_started_total(Registrar(registry).Counter(
          "grpc_server_started_total", "RPCs that began")),
      grpc_server_handled_total(Registrar(registry).Counter(
          "grpc_server_handled_total", "RPCs that ended")),
      grpc_server_handling_seconds(Registrar(registry).Histogram(
          "grpc_server_handling_seconds", "Duration of RPCs")) {}

}  // namespace transformerd
