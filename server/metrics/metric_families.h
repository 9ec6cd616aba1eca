// Names, help texts and buckets of all metrics.
#pragma once

#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"

namespace transformerd {

// Buckets in seconds: requests from 0.5 ms to 60 s, loads from 10 ms to 1000 s.
const prometheus::Histogram::BucketBoundaries& RequestSecondsBuckets();
const prometheus::Histogram::BucketBoundaries& LoadSecondsBuckets();
// Powers of two: tokens of a request or batch, and requests of a batch.
const prometheus::Histogram::BucketBoundaries& TokensBuckets();
const prometheus::Histogram::BucketBoundaries& BatchRequestsBuckets();

// References into `registry`, which must outlive this. Each family is named as
// its member, with the prefix "transformerd_" unless it starts with "grpc_".
struct MetricFamilies {
  using Counters = prometheus::Family<prometheus::Counter>;
  using Gauges = prometheus::Family<prometheus::Gauge>;
  using Histograms = prometheus::Family<prometheus::Histogram>;

  explicit MetricFamilies(prometheus::Registry& registry);

  Counters& requests_total;
  Histograms& request_duration_seconds;
  Histograms& request_queue_seconds;
  Histograms& request_compute_seconds;
  Histograms& request_tokens;
  Histograms& batch_requests;
  Histograms& batch_tokens;
  Counters& tokens_total;
  Counters& batches_total;
  Counters& rejected_total;
  Counters& cancelled_total;
  Gauges& pending_requests;
  Gauges& pending_tokens;
  Gauges& capacity_used_ratio;
  Gauges& model_state;
  Histograms& model_load_duration_seconds;
  Histograms& model_load_phase_seconds;
  Counters& model_load_bytes_read_total;
  Counters& model_load_bytes_broadcast_total;
  Gauges& model_load_peak_bytes;
  Gauges& model_weight_bytes;
  Gauges& unload_released_bytes;
  Gauges& worker_up;
  Gauges& worker_heartbeat_age_seconds;
  Gauges& build_info;
  Counters& grpc_server_started_total;
  Counters& grpc_server_handled_total;
  Histograms& grpc_server_handling_seconds;
};

}  // namespace transformerd
