#include "server/metrics/triton_names.h"

#include "absl/time/time.h"
#include "prometheus/client_metric.h"
#include "prometheus/metric_type.h"

namespace transformerd {
namespace {

struct TritonMetric {
  const char* name;
  const char* help;
  prometheus::MetricType type;
  double (*value)(const CountedModel& model);
};

template <DurationStatistic StatisticsSnapshot::*kStatistic>
double Count(const CountedModel& model) {
  return static_cast<double>((model.statistics.*kStatistic).count);
}

template <DurationStatistic StatisticsSnapshot::*kStatistic>
double Microseconds(const CountedModel& model) {
  return absl::ToDoubleMicroseconds((model.statistics.*kStatistic).total);
}

template <int64_t StatisticsSnapshot::*kCount>
double Number(const CountedModel& model) {
  return static_cast<double>(model.statistics.*kCount);
}

constexpr auto kCounter = prometheus::MetricType::Counter;
constexpr auto kGauge = prometheus::MetricType::Gauge;

// clang-format off
constexpr TritonMetric kMetrics[] = {
    {"nv_inference_request_success", "Requests that were answered", kCounter,
     &Count<&StatisticsSnapshot::success>},
    {"nv_inference_request_failure", "Requests that were refused, or accepted and not computed", kCounter,
     &Count<&StatisticsSnapshot::fail>},
    {"nv_inference_count", "Rows that were answered", kCounter,
     &Number<&StatisticsSnapshot::inference_count>},
    {"nv_inference_exec_count", "Forward passes", kCounter,
     &Number<&StatisticsSnapshot::execution_count>},
    {"nv_inference_request_duration_us", "Time of answered requests", kCounter,
     &Microseconds<&StatisticsSnapshot::success>},
    {"nv_inference_queue_duration_us", "Time in the queue", kCounter,
     &Microseconds<&StatisticsSnapshot::queue>},
    {"nv_inference_compute_input_duration_us", "Time of decoding and tokenizing", kCounter,
     &Microseconds<&StatisticsSnapshot::compute_input>},
    {"nv_inference_compute_infer_duration_us", "Time of forward passes, of each request in them", kCounter,
     &Microseconds<&StatisticsSnapshot::compute_infer>},
    {"nv_inference_compute_output_duration_us", "Time of encoding answers", kCounter,
     &Microseconds<&StatisticsSnapshot::compute_output>},
    {"nv_inference_pending_request_count", "Requests that wait for a worker", kGauge,
     [](const CountedModel& model) { return static_cast<double>(model.pending_requests); }},
};
// clang-format on

prometheus::ClientMetric Sample(const TritonMetric& metric,
                                const CountedModel& model) {
  prometheus::ClientMetric sample;
  sample.label = {{"model", model.model}, {"version", model.version}};
  if (metric.type == kCounter) {
    sample.counter.value = metric.value(model);
  } else {
    sample.gauge.value = metric.value(model);
  }
  return sample;
}

}  // namespace

std::vector<prometheus::MetricFamily> TritonFamilies(
    const std::vector<CountedModel>& models) {
  std::vector<prometheus::MetricFamily> families;
  for (const TritonMetric& metric : kMetrics) {
    prometheus::MetricFamily& family = families.emplace_back();
    family.name = metric.name;
    family.help = metric.help;
    family.type = metric.type;
    for (const CountedModel& model : models) {
      family.metric.push_back(Sample(metric, model));
    }
  }
  return families;
}

}  // namespace transformerd
