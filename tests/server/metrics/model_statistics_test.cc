#include "server/metrics/model_statistics.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

const absl::Time kEnd = absl::FromUnixSeconds(1000);

// Two requests of three rows in all.
void AddBatch(ModelStatistics& statistics, bool ok) {
  BatchRecord batch;
  batch.requests = 2;
  batch.sequences = 3;
  batch.tokens = 12;
  batch.end = kEnd;
  batch.compute_time = absl::Seconds(4);
  batch.ok = ok;
  statistics.AddBatch(batch);
}

TEST(ModelStatisticsTest, CountsRowsAndForwardPasses) {
  ModelStatistics statistics;
  AddBatch(statistics, /*ok=*/true);

  const StatisticsSnapshot snapshot = statistics.snapshot();
  EXPECT_EQ(snapshot.inference_count, 3);
  EXPECT_EQ(snapshot.execution_count, 1);
  EXPECT_EQ(snapshot.last_inference, kEnd);
  EXPECT_EQ(snapshot.batches.at(3).count, 1);
  EXPECT_EQ(snapshot.batches.at(3).total, absl::Seconds(4));
}

TEST(ModelStatisticsTest, SplitsTheTimeOfRequests) {
  ModelStatistics statistics;
  AddBatch(statistics, /*ok=*/true);
  RequestTimes times;
  times.queue = absl::Seconds(1);
  times.input = absl::Seconds(2);
  times.infer = absl::Seconds(4);
  times.output = absl::Seconds(8);
  statistics.AddAnswer(times);

  const StatisticsSnapshot snapshot = statistics.snapshot();
  EXPECT_EQ(snapshot.success.count, 1);
  EXPECT_EQ(snapshot.success.total, absl::Seconds(15));
  for (const DurationStatistic& stage :
       {snapshot.queue, snapshot.compute_input, snapshot.compute_infer,
        snapshot.compute_output}) {
    EXPECT_EQ(stage.count, 1) << "all stages of a request, or none";
  }
  EXPECT_EQ(snapshot.queue.total, absl::Seconds(1));
  EXPECT_EQ(snapshot.compute_input.total, absl::Seconds(2));
  EXPECT_EQ(snapshot.compute_infer.total, absl::Seconds(4));
  EXPECT_EQ(snapshot.compute_output.total, absl::Seconds(8));
}

TEST(ModelStatisticsTest, CountsFailures) {
  ModelStatistics statistics;
  AddBatch(statistics, /*ok=*/false);
  statistics.AddFailure(absl::Seconds(5));

  const StatisticsSnapshot snapshot = statistics.snapshot();
  EXPECT_EQ(snapshot.fail.count, 1) << "a batch is no request";
  EXPECT_EQ(snapshot.fail.total, absl::Seconds(5));
  EXPECT_EQ(snapshot.success.count, 0);
  EXPECT_EQ(snapshot.inference_count, 0);
  EXPECT_EQ(snapshot.last_inference, absl::InfinitePast());
}

}  // namespace
}  // namespace transformerd
