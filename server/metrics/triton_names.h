// Triton's names for what it and this server both count, for dashboards and
// autoscalers that were made for it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "prometheus/metric_family.h"
#include "server/metrics/model_statistics.h"

namespace transformerd {

struct CountedModel {
  std::string model, version;
  StatisticsSnapshot statistics;
  int64_t pending_requests = 0;  // that wait for a worker
};

// nv_inference_request_success and so on: requests, rows ("inferences"),
// forward passes ("executions"), and sums of microseconds.
std::vector<prometheus::MetricFamily> TritonFamilies(
    const std::vector<CountedModel>& models);

}  // namespace transformerd
