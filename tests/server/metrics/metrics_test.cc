#include "server/metrics/metrics.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(MetricsTest, SaysTheVersion) {
  Metrics metrics("1.2.3");

  EXPECT_THAT(metrics.Expose(),
              HasSubstr("transformerd_build_info{version=\"1.2.3\"} 1"));
}

TEST(MetricsTest, KeepsOneEntryAModelAndVersion) {
  Metrics metrics("");

  EXPECT_EQ(&metrics.ForModel("a", "1"), &metrics.ForModel("a", "1"));
  EXPECT_NE(&metrics.ForModel("a", "1"), &metrics.ForModel("a", "2"));
}

TEST(MetricsTest, ShowsWorkers) {
  Metrics metrics("");
  metrics.SetWorker(1, "cpu", /*up=*/true, absl::Milliseconds(1500));

  const std::string text = metrics.Expose();
  EXPECT_THAT(text, HasSubstr("transformerd_worker_up{device=\"cpu\","
                              "rank=\"1\"} 1"));
  EXPECT_THAT(text, HasSubstr("transformerd_worker_heartbeat_age_seconds{"
                              "device=\"cpu\",rank=\"1\"} 1.5"));
}

TEST(MetricsTest, CountsRpcsWithoutThePrefix) {
  Metrics metrics("");
  metrics.RecordRpcStarted("p.S/M");
  metrics.RecordRpcHandled("p.S/M", "OK", absl::Seconds(2));

  const std::string text = metrics.Expose();
  EXPECT_THAT(text,
              HasSubstr("\ngrpc_server_started_total{method=\"p.S/M\"} 1"));
  EXPECT_THAT(text, HasSubstr("\ngrpc_server_handled_total{code=\"OK\","
                              "method=\"p.S/M\"} 1"));
  EXPECT_THAT(
      text,
      HasSubstr("\ngrpc_server_handling_seconds_sum{method=\"p.S/M\"} 2"));
}

TEST(MetricsTest, RefreshesBeforeEachExposition) {
  Metrics metrics("");
  double ratio = 0.25;
  metrics.AddRefresh([&] { metrics.SetCapacityUsedRatio(ratio); });

  EXPECT_THAT(metrics.Expose(),
              HasSubstr("transformerd_capacity_used_ratio 0.25"));
  ratio = 0.75;
  EXPECT_THAT(metrics.Expose(),
              HasSubstr("transformerd_capacity_used_ratio 0.75"));
}

TEST(MetricsTest, PublishesTritonsNamesWhereTheyAreWanted) {
  Metrics metrics("");
  ModelMetrics& model = metrics.ForModel("m", "2");
  metrics.ForModel("", "");
  RequestTimes times;
  times.queue = absl::Milliseconds(1);
  times.input = absl::Milliseconds(2);
  times.infer = absl::Milliseconds(3);
  times.output = absl::Milliseconds(4);
  model.RecordAnswer(times);
  model.RecordAnswer(times);
  model.OnRejected(RejectReason::kDraining);
  BatchRecord batch;
  batch.requests = 2;
  batch.sequences = 5;
  batch.compute_time = absl::Milliseconds(3);
  model.OnBatch(batch);
  model.SetPending(/*requests=*/7, /*tokens=*/70);
  EXPECT_THAT(metrics.Expose(), Not(HasSubstr("nv_inference")));

  metrics.PublishTritonNames();

  const std::string text = metrics.Expose();
  const std::pair<const char*, const char*> values[] = {
      {"request_success", "2"},
      {"request_failure", "1"},
      {"count", "5"},
      {"exec_count", "1"},
      {"request_duration_us", "20000"},
      {"queue_duration_us", "2000"},
      {"compute_input_duration_us", "4000"},
      {"compute_infer_duration_us", "6000"},
      {"compute_output_duration_us", "8000"},
      {"pending_request_count", "7"}};
  for (const auto& [name, value] : values) {
    EXPECT_THAT(text, HasSubstr(absl::StrCat("\nnv_inference_", name,
                                             "{model=\"m\",version=\"2\"} ",
                                             value, "\n")));
  }
  EXPECT_THAT(text, HasSubstr("# TYPE nv_inference_count counter"));
  EXPECT_THAT(text,
              HasSubstr("# TYPE nv_inference_pending_request_count gauge"));
  EXPECT_THAT(text, Not(HasSubstr("nv_inference_count{model=\"\"")));
}

}  // namespace
}  // namespace transformerd
