#include "server/services/statistics_answer.h"

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(StatisticsAnswerTest, TimesAreNanosecondsAndTheLastOneMilliseconds) {
  StatisticsSnapshot snapshot;
  snapshot.inference_count = 5;
  snapshot.execution_count = 2;
  snapshot.last_inference = absl::FromUnixMillis(1'234);
  snapshot.queue.Add(absl::Microseconds(3));
  snapshot.compute_infer.Add(absl::Milliseconds(2));

  const inference::ModelStatistics answer =
      DescribeStatistics("bert", 7, snapshot);

  EXPECT_EQ(answer.name(), "bert");
  EXPECT_EQ(answer.version(), "7");
  EXPECT_EQ(answer.inference_count(), 5u);
  EXPECT_EQ(answer.execution_count(), 2u);
  EXPECT_EQ(answer.last_inference(), 1'234u);
  EXPECT_EQ(answer.inference_stats().queue().ns(), 3'000u);
  EXPECT_EQ(answer.inference_stats().compute_infer().count(), 1u);
  EXPECT_EQ(answer.inference_stats().compute_infer().ns(), 2'000'000u);
}

TEST(StatisticsAnswerTest, AModelThatNeverRanHasNoLastInference) {
  const auto answer = DescribeStatistics("bert", 1, StatisticsSnapshot());

  EXPECT_EQ(answer.last_inference(), 0u);
  EXPECT_THAT(answer.batch_stats(), IsEmpty());
}

TEST(StatisticsAnswerTest, BatchesAreToldBySize) {
  StatisticsSnapshot snapshot;
  snapshot.batches[1].Add(absl::Milliseconds(1));
  snapshot.batches[8].Add(absl::Milliseconds(4));

  const auto answer = DescribeStatistics("bert", 1, snapshot);

  ASSERT_THAT(answer.batch_stats(), SizeIs(2));
  EXPECT_EQ(answer.batch_stats(1).batch_size(), 8u);
  EXPECT_EQ(answer.batch_stats(1).compute_infer().ns(), 4'000'000u);
}

}  // namespace
}  // namespace transformerd
