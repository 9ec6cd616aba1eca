#include "server/metrics/scheduler_gauges.h"

#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class SchedulerGaugesTest : public testing::Test {
 protected:
  QueueId Open() {
    QueueOptions options;
    options.model = "m";
    options.version = "1";
    return scheduler_.OpenQueue(model_, options);
  }

  std::string Expose() {
    gauges_.Refresh();
    return metrics_.Expose();
  }

  FakeClock clock_;
  Metrics metrics_{""};
  RecordedJobs jobs_;
  FakeLoadedModel model_;
  Scheduler scheduler_{2, clock_};
  SchedulerGauges gauges_{scheduler_, {"cpu", "cpu"}, clock_, metrics_};
};

TEST_F(SchedulerGaugesTest, AddsUpTheQueuesOfAModel) {
  const QueueId before = Open();
  const QueueId after = Open();
  ASSERT_THAT(scheduler_.Submit(before, jobs_.Make(1, /*tokens=*/4)), IsOk());
  ASSERT_THAT(scheduler_.Submit(after, jobs_.Make(2, /*tokens=*/5)), IsOk());

  const std::string text = Expose();
  EXPECT_THAT(text, HasSubstr("pending_requests{model=\"m\",version=\"1\"} 2"));
  EXPECT_THAT(text, HasSubstr("pending_tokens{model=\"m\",version=\"1\"} 9"));
}

TEST_F(SchedulerGaugesTest, NothingWaitsWhereTheQueueIsClosed) {
  const QueueId queue = Open();
  ASSERT_THAT(scheduler_.Submit(queue, jobs_.Make(1, /*tokens=*/4)), IsOk());
  ASSERT_THAT(Expose(),
              HasSubstr("pending_tokens{model=\"m\",version=\"1\"} 4"));

  scheduler_.CloseQueue(queue);

  const std::string text = Expose();
  EXPECT_THAT(text, HasSubstr("pending_requests{model=\"m\",version=\"1\"} 0"));
  EXPECT_THAT(text, HasSubstr("pending_tokens{model=\"m\",version=\"1\"} 0"));
}

TEST_F(SchedulerGaugesTest, ShowsHowLongAWorkerIsStuckAndTheUsedShare) {
  ASSERT_THAT(scheduler_.Submit(Open(), jobs_.Make(1)), IsOk());
  model_.control().Block();
  std::thread worker([this] { scheduler_.RunOne(1); });
  model_.control().AwaitBatches(1);

  clock_.Advance(absl::Seconds(10));

  const std::string text = Expose();
  EXPECT_THAT(text, HasSubstr("age_seconds{device=\"cpu\",rank=\"0\"} 0"));
  EXPECT_THAT(text, HasSubstr("age_seconds{device=\"cpu\",rank=\"1\"} 10"));
  EXPECT_THAT(text, HasSubstr("transformerd_capacity_used_ratio 0.5"));
  model_.control().Unblock();
  worker.join();
}

TEST_F(SchedulerGaugesTest, ShowsWorkersDownAfterAStop) {
  EXPECT_THAT(Expose(), HasSubstr("worker_up{device=\"cpu\",rank=\"0\"} 1"));

  scheduler_.Stop();

  EXPECT_THAT(Expose(), HasSubstr("worker_up{device=\"cpu\",rank=\"0\"} 0"));
}

}  // namespace
}  // namespace transformerd
