#include "server/metrics/model_metrics.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ModelMetricsTest : public testing::Test {
 protected:
  std::string Expose() {
    return prometheus::TextSerializer().Serialize(registry_.Collect());
  }

  // The line of a metric of model "m" version "1", less the prefix.
  static std::string Line(const std::string& name, const std::string& value) {
    return "transformerd_" + name + "{model=\"m\",version=\"1\"} " + value;
  }

  prometheus::Registry registry_;
  MetricFamilies families_{registry_};
  ModelMetrics metrics_{families_, "m", "1"};
};

TEST_F(ModelMetricsTest, CountsRequestsByMethodAndCode) {
  for (absl::StatusCode code :
       {absl::StatusCode::kOk, absl::StatusCode::kInvalidArgument,
        absl::StatusCode::kOk}) {
    metrics_.RecordRequest("ModelInfer", code, absl::Milliseconds(20));
  }

  EXPECT_THAT(Expose(),
              HasSubstr("transformerd_requests_total{code=\"OK\",method=\""
                        "ModelInfer\",model=\"m\",version=\"1\"} 2"));
  EXPECT_THAT(Expose(), HasSubstr("{code=\"INVALID_ARGUMENT\",method=\""
                                  "ModelInfer\",model=\"m\",version=\"1\"} 1"));
}

TEST_F(ModelMetricsTest, MeasuresRequestsInSeconds) {
  metrics_.RecordRequest("M", absl::StatusCode::kOk, absl::Milliseconds(20));

  const std::string name = "transformerd_request_duration_seconds";
  const std::string labels = "{method=\"M\",model=\"m\",version=\"1\"";
  EXPECT_THAT(Expose(), HasSubstr(name + "_sum" + labels + "} 0.02"));
  EXPECT_THAT(Expose(),
              HasSubstr(name + "_bucket" + labels + ",le=\"0.025\"} 1"));
  EXPECT_THAT(Expose(),
              HasSubstr(name + "_bucket" + labels + ",le=\"0.01\"} 0"));
}

TEST_F(ModelMetricsTest, CountsWhatABatchDid) {
  BatchRecord batch;
  batch.requests = 2;
  batch.sequences = 3;
  batch.tokens = 12;
  batch.compute_time = absl::Seconds(4);
  metrics_.OnBatch(batch);

  EXPECT_THAT(Expose(), HasSubstr(Line("batches_total", "1")));
  EXPECT_THAT(Expose(), HasSubstr(Line("tokens_total", "12")));
  EXPECT_THAT(Expose(), HasSubstr(Line("batch_requests_sum", "2")));
  EXPECT_THAT(Expose(), HasSubstr(Line("batch_tokens_sum", "12")));
  EXPECT_EQ(metrics_.statistics().inference_count, 3);
}

TEST_F(ModelMetricsTest, CountsARequestOnceWhateverNumberOfBatchesItTook) {
  RequestRecord request;
  request.tokens = 7;
  request.queue_time = absl::Seconds(1);
  request.compute_time = absl::Seconds(4);
  metrics_.OnComputed(request);

  EXPECT_THAT(Expose(), HasSubstr(Line("request_tokens_count", "1")));
  EXPECT_THAT(Expose(), HasSubstr(Line("request_tokens_sum", "7")));
  EXPECT_THAT(Expose(), HasSubstr(Line("request_queue_seconds_sum", "1")));
  EXPECT_THAT(Expose(), HasSubstr(Line("request_compute_seconds_sum", "4")));
}

TEST_F(ModelMetricsTest, CountsWhatWasNeverComputed) {
  metrics_.OnRejected(RejectReason::kQueueTokens);
  metrics_.OnDropped();
  metrics_.OnFailed(absl::Seconds(1));
  metrics_.RecordCancelledInCompute();
  metrics_.RecordDroppedText();

  EXPECT_THAT(Expose(), HasSubstr("transformerd_rejected_total{model=\"m\","
                                  "reason=\"queue_tokens\",version=\"1\"} 1"));
  EXPECT_THAT(Expose(), HasSubstr("transformerd_cancelled_total{model=\"m\","
                                  "stage=\"queue\",version=\"1\"} 1"));
  EXPECT_THAT(Expose(), HasSubstr("transformerd_cancelled_total{model=\"m\","
                                  "stage=\"compute\",version=\"1\"} 1"));
  EXPECT_THAT(Expose(), HasSubstr("transformerd_cancelled_total{model=\"m\","
                                  "stage=\"text\",version=\"1\"} 1"));
  EXPECT_EQ(metrics_.statistics().fail.count, 2);
}

TEST_F(ModelMetricsTest, AddsUpTheBytesOfAllLoads) {
  LoadReport report;
  report.bytes_read = 1000;
  report.bytes_broadcast = 3000;
  report.weight_bytes = 1000;
  report.replicas = 4;
  report.peak_host_bytes = 4100;
  report.phases = {{LoadPhase::kPlan, absl::Seconds(1)},
                   {LoadPhase::kStream, absl::Seconds(2)}};
  for (int i = 0; i < 2; ++i) metrics_.RecordLoad(report, absl::Seconds(3));

  EXPECT_THAT(Expose(), HasSubstr(Line("model_load_bytes_read_total", "2000")));
  EXPECT_THAT(Expose(),
              HasSubstr(Line("model_load_bytes_broadcast_total", "6000")));
  EXPECT_THAT(Expose(), HasSubstr(Line("model_weight_bytes", "4000")));
  EXPECT_THAT(Expose(),
              HasSubstr(Line("model_load_duration_seconds_sum", "6")));
  EXPECT_THAT(Expose(),
              HasSubstr("transformerd_model_load_phase_seconds_sum{model=\"m\","
                        "stage=\"stream\",version=\"1\"} 4"));
  EXPECT_THAT(Expose(), HasSubstr(Line("model_load_peak_bytes", "4100")));
}

TEST_F(ModelMetricsTest, TakesGaugesOfLoadedModelsAwayOnUnload) {
  metrics_.SetPending(2, 30);
  metrics_.RecordLoad(LoadReport(), absl::Seconds(1));
  metrics_.SetState(2);
  EXPECT_THAT(Expose(), HasSubstr(Line("pending_tokens", "30")));

  metrics_.RecordUnload(/*released_bytes=*/1000);
  metrics_.SetState(0);

  for (const char* name : {"pending_requests", "pending_tokens",
                           "model_weight_bytes", "model_load_peak_bytes"}) {
    EXPECT_THAT(Expose(), Not(HasSubstr(Line(name, ""))));
  }
  EXPECT_THAT(Expose(), HasSubstr(Line("unload_released_bytes", "1000")));
  EXPECT_THAT(Expose(), HasSubstr(Line("model_state", "0")));
}

TEST_F(ModelMetricsTest, SetsAGaugeAgainAfterAnUnload) {
  metrics_.SetPending(2, 30);
  metrics_.RecordUnload(0);

  metrics_.SetPending(1, 5);

  EXPECT_THAT(Expose(), HasSubstr(Line("pending_tokens", "5")));
}

}  // namespace
}  // namespace transformerd
