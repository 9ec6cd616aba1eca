#include "server/metrics/metrics.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

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

}  // namespace
}  // namespace transformerd
