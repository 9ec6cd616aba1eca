// The metrics of one version of one model.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "model/runtime/loaded_model.h"
#include "prometheus/labels.h"
#include "server/metrics/metric_families.h"
#include "server/metrics/model_statistics.h"
#include "server/scheduling/queue_observer.h"

namespace transformerd {

// Thread-safe. Time series that are needed for each request are looked up once;
// gauges that would lie about a model that is not in memory are taken away when
// it is unloaded.
class ModelMetrics : public QueueObserver {
 public:
  // `families` must outlive this.
  ModelMetrics(MetricFamilies& families, absl::string_view model,
               absl::string_view version);

  // One answered or refused request, however far it came. `method` is the bare
  // name of the RPC, such as "ModelInfer".
  void RecordRequest(absl::string_view method, absl::StatusCode code,
                     absl::Duration duration) ABSL_LOCKS_EXCLUDED(mutex_);
  // One that was computed, for the statistics extension.
  void RecordAnswer(const RequestTimes& times);
  // A request that the client gave up while it was computed.
  void RecordCancelledInCompute();
  // One that was not accepted.
  void RecordRejected(RejectReason reason);
  // One that ended before all its texts were tokens, for other reasons than
  // what they were.
  void RecordDroppedText();

  // A load that succeeded, `duration` being that of the whole operation.
  void RecordLoad(const LoadReport& report, absl::Duration duration)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The model left memory; takes the gauges of loaded models away.
  void RecordUnload(int64_t released_bytes) ABSL_LOCKS_EXCLUDED(mutex_);
  // The number of a ModelState: 0 unloaded, 1 loading, 2 ready, 3 draining, 4
  // failed.
  void SetState(int state) ABSL_LOCKS_EXCLUDED(mutex_);
  // What waits for a worker.
  void SetPending(int64_t requests, int64_t tokens) ABSL_LOCKS_EXCLUDED(mutex_);

  // As SetPending said last; 0 where the model is not loaded.
  int64_t pending_requests() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Since the start of the daemon, for the statistics extension.
  StatisticsSnapshot statistics() const { return statistics_.snapshot(); }

  // QueueObserver, called by the scheduler.
  void OnRejected(RejectReason reason) override;
  void OnBatch(const BatchRecord& batch) override;
  void OnDropped() override;
  void OnComputed(const RequestRecord& request) override;
  void OnFailed(absl::Duration duration) override;

 private:
  using GaugeFamily = prometheus::Family<prometheus::Gauge>;

  void SetGauge(GaugeFamily& family, double value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RemoveGauge(GaugeFamily& family) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  prometheus::Labels With(absl::string_view name,
                          absl::string_view value) const;

  struct Method {
    prometheus::Histogram* duration = nullptr;
    std::map<absl::StatusCode, prometheus::Counter*> totals;
  };

  MetricFamilies& families_;
  const prometheus::Labels labels_;  // model and version
  prometheus::Histogram& queue_seconds_;
  prometheus::Histogram& compute_seconds_;
  prometheus::Histogram& request_tokens_;
  prometheus::Histogram& batch_requests_;
  prometheus::Histogram& batch_tokens_;
  prometheus::Counter& tokens_total_;
  prometheus::Counter& batches_total_;
  ModelStatistics statistics_;

  mutable absl::Mutex mutex_;
  std::map<std::string, Method, std::less<>> methods_ ABSL_GUARDED_BY(mutex_);
  // Only those that are set now.
  std::map<GaugeFamily*, prometheus::Gauge*> gauges_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
