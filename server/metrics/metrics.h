// The daemon's Prometheus metrics, by the names of the public interface.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "prometheus/registry.h"
#include "server/metrics/metric_families.h"
#include "server/metrics/model_metrics.h"

namespace transformerd {

// Owns the registry. Thread-safe.
class Metrics {
 public:
  // `server_version` is the label of build_info.
  explicit Metrics(absl::string_view server_version);

  // The metrics of one version of a model, made on first use; they live as long
  // as this object. Names must come from the repository, never from a request:
  // requests for models that there are not belong to ForModel("", "").
  ModelMetrics& ForModel(absl::string_view model, absl::string_view version)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // One entry a worker; `heartbeat_age` is how long it has been at its present
  // batch, zero when it is idle.
  void SetWorker(int rank, absl::string_view device, bool up,
                 absl::Duration heartbeat_age);
  // Share of the workers' time that went into batches lately, in [0, 1].
  void SetCapacityUsedRatio(double ratio);

  // One RPC of any service; `method` is its full name without the leading
  // slash, `code` the name of its status code.
  void RecordRpcStarted(absl::string_view method);
  void RecordRpcHandled(absl::string_view method, absl::string_view code,
                        absl::Duration duration);

  // `refresh` runs before each exposition, to set gauges that are read from
  // elsewhere. What it uses must outlive the last call of Expose().
  void AddRefresh(std::function<void()> refresh) ABSL_LOCKS_EXCLUDED(mutex_);
  // From now on Triton's names are exposed as well; see TritonFamilies.
  void PublishTritonNames() ABSL_LOCKS_EXCLUDED(mutex_);
  // All metrics in Prometheus' text format.
  std::string Expose() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::vector<prometheus::MetricFamily> Collect() ABSL_LOCKS_EXCLUDED(mutex_);

  prometheus::Registry registry_;
  MetricFamilies families_;
  absl::Mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::unique_ptr<ModelMetrics>>
      models_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::function<void()>> refreshes_ ABSL_GUARDED_BY(mutex_);
  bool has_triton_names_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace transformerd
