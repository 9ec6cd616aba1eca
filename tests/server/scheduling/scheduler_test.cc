#include "server/scheduling/scheduler.h"

#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A scheduler of two workers that runs nothing unless a test calls RunOne().
class SchedulerTest : public testing::Test {
 protected:
  QueueId Open(FakeLoadedModel& model, QueueOptions options = {}) {
    if (options.model.empty()) options.model = "minilm";
    return scheduler_.OpenQueue(model, std::move(options));
  }

  JobTicket SubmitOk(QueueId queue, Job job) {
    absl::StatusOr<JobTicket> ticket = scheduler_.Submit(queue, std::move(job));
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(JobTicket());
  }

  Job MakeJobDueIn(int64_t id, absl::Duration timeout) {
    Job job = jobs_.Make(id);
    job.deadline = clock_.Now() + timeout;
    return job;
  }

  FakeClock clock_;
  RecordedJobs jobs_;
  FakeLoadedModel model_;
  Scheduler scheduler_{2, clock_};
};

TEST_F(SchedulerTest, AnswersAJob) {
  const QueueId queue = Open(model_);
  SubmitOk(queue, jobs_.Make(7));
  clock_.Advance(absl::Milliseconds(3));

  ASSERT_TRUE(scheduler_.RunOne(1));

  ASSERT_OK_AND_ASSIGN(JobResult result, jobs_.result(7));
  EXPECT_EQ(result.output[0].bytes,
            FakeLoadedModel::AnswerTo(MakeInput({7}))[0].bytes);
  EXPECT_EQ(result.queue_time, absl::Milliseconds(3));
  EXPECT_EQ(result.batch_requests, 1);
  EXPECT_EQ(model_.control().batches()[0].worker, 1);
}

TEST_F(SchedulerTest, BatchesWhatWaits) {
  const QueueId queue = Open(model_);
  for (int id : {1, 2, 3}) SubmitOk(queue, jobs_.Make(id));

  scheduler_.RunOne(0);

  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(1, 2, 3)));
  EXPECT_EQ(jobs_.result(2)->batch_requests, 3);
  EXPECT_EQ(jobs_.result(2)->output[0].bytes,
            FakeLoadedModel::AnswerTo(MakeInput({2}))[0].bytes);
}

TEST_F(SchedulerTest, KeepsToTheLimitsOfTheQueue) {
  QueueOptions options;
  options.batch.max_sequences = 2;
  const QueueId queue = Open(model_, options);
  for (int id : {1, 2, 3}) SubmitOk(queue, jobs_.Make(id));

  scheduler_.RunOne(0);
  scheduler_.RunOne(0);

  EXPECT_THAT(model_.control().first_ids(),
              ElementsAre(ElementsAre(1, 2), ElementsAre(3)));
}

TEST_F(SchedulerTest, ServesModelsInTurn) {
  FakeLoadedModel other;
  QueueOptions options;
  options.batch.max_sequences = 1;
  const QueueId busy = Open(model_, options);
  const QueueId quiet = Open(other, options);
  for (int id : {1, 2, 3}) SubmitOk(busy, jobs_.Make(id));
  SubmitOk(quiet, jobs_.Make(4));

  for (int i = 0; i < 4; ++i) scheduler_.RunOne(0);

  EXPECT_THAT(jobs_.completed(), ElementsAre(1, 4, 2, 3));
}

TEST_F(SchedulerTest, RefusesRequestsOverTheLimit) {
  QueueOptions options;
  options.limits.max_requests = 2;
  const QueueId queue = Open(model_, options);
  for (int id : {1, 2}) SubmitOk(queue, jobs_.Make(id));

  const absl::Status status = scheduler_.Submit(queue, jobs_.Make(3)).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("'minilm'"),
                                     HasSubstr("2 requests wait"),
                                     HasSubstr("--max_queue_requests is 2"))));
  EXPECT_TRUE(RetryDelayOf(status).has_value());
}

TEST_F(SchedulerTest, RefusesTokensOverTheLimit) {
  QueueOptions options;
  options.limits.max_tokens = 10;
  const QueueId queue = Open(model_, options);
  SubmitOk(queue, jobs_.Make(1, /*tokens=*/7));

  const absl::Status status =
      scheduler_.Submit(queue, jobs_.Make(2, /*tokens=*/4)).status();

  EXPECT_THAT(status,
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr("7 tokens wait, the request has 4"),
                             HasSubstr("--max_queue_tokens is 10"))));
  EXPECT_TRUE(RetryDelayOf(status).has_value());
}

TEST_F(SchedulerTest, DoesNotInviteRetriesOfWhatNeverFits) {
  QueueOptions options;
  options.limits.max_tokens = 10;
  const QueueId queue = Open(model_, options);

  const absl::Status status =
      scheduler_.Submit(queue, jobs_.Make(1, /*tokens=*/11)).status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_FALSE(RetryDelayOf(status).has_value());
}

TEST_F(SchedulerTest, DropsARefusedJobWithoutCompletingIt) {
  QueueOptions options;
  options.limits.max_requests = 0;
  const QueueId queue = Open(model_, options);

  EXPECT_FALSE(scheduler_.Submit(queue, jobs_.Make(1)).ok());

  EXPECT_THAT(jobs_.completed(), IsEmpty());
}

TEST_F(SchedulerTest, RefusesAJobWhoseDeadlineHasPassed) {
  const QueueId queue = Open(model_);

  EXPECT_THAT(scheduler_.Submit(queue, MakeJobDueIn(1, absl::ZeroDuration())),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST_F(SchedulerTest, CompletesAQueuedJobAtItsDeadlineWithoutAWorker) {
  const QueueId queue = Open(model_);
  SubmitOk(queue, MakeJobDueIn(1, absl::Seconds(2)));
  SubmitOk(queue, MakeJobDueIn(2, absl::Seconds(1)));

  clock_.Advance(absl::Seconds(1));
  jobs_.AwaitCompleted(1);

  EXPECT_THAT(jobs_.completed(), ElementsAre(2));
  EXPECT_THAT(jobs_.result(2), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_THAT(model_.control().batches(), IsEmpty());
}

TEST_F(SchedulerTest, CompletesAQueuedJobAtItsDeadlineWhileWorkersAreBusy) {
  const QueueId queue = Open(model_);
  model_.control().Block();
  SubmitOk(queue, jobs_.Make(1));
  std::thread worker([this] { scheduler_.RunOne(0); });
  model_.control().AwaitBatches(1);
  SubmitOk(queue, MakeJobDueIn(2, absl::Seconds(1)));

  clock_.Advance(absl::Seconds(1));
  jobs_.AwaitCompleted(1);

  EXPECT_THAT(jobs_.completed(), ElementsAre(2));
  model_.control().Unblock();
  worker.join();
}

TEST_F(SchedulerTest, NeverComputesAnExpiredJob) {
  const QueueId queue = Open(model_);
  SubmitOk(queue, MakeJobDueIn(1, absl::Seconds(1)));
  SubmitOk(queue, jobs_.Make(2));
  clock_.Advance(absl::Seconds(1));

  scheduler_.RunOne(0);
  jobs_.AwaitCompleted(2);

  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(2)));
}

TEST_F(SchedulerTest, CancelsAQueuedJob) {
  const QueueId queue = Open(model_);
  const JobTicket ticket = SubmitOk(queue, jobs_.Make(1));
  SubmitOk(queue, jobs_.Make(2));

  EXPECT_TRUE(scheduler_.Cancel(ticket));
  EXPECT_FALSE(scheduler_.Cancel(ticket));
  scheduler_.RunOne(0);

  EXPECT_THAT(jobs_.result(1), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(2)));
}

TEST_F(SchedulerTest, DoesNotCancelARunningJob) {
  const QueueId queue = Open(model_);
  model_.control().Block();
  const JobTicket ticket = SubmitOk(queue, jobs_.Make(1));
  std::thread worker([this] { scheduler_.RunOne(0); });
  model_.control().AwaitBatches(1);

  EXPECT_FALSE(scheduler_.Cancel(ticket));

  model_.control().Unblock();
  worker.join();
  EXPECT_THAT(jobs_.result(1), IsOk());
}

TEST_F(SchedulerTest, WaitsForBatchMatesWhenAsked) {
  QueueOptions options;
  options.batch.max_queue_delay = absl::Milliseconds(5);
  const QueueId queue = Open(model_, options);
  SubmitOk(queue, jobs_.Make(1));
  std::thread worker([this] { scheduler_.RunOne(0); });
  clock_.AwaitWaiters(2);  // the worker, and the thread of the deadlines
  SubmitOk(queue, jobs_.Make(2));

  clock_.Advance(absl::Milliseconds(5));
  worker.join();

  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(1, 2)));
}

TEST_F(SchedulerTest, CompletesEachJobOfAFailedBatchWithInternal) {
  const QueueId queue = Open(model_);
  for (int id : {1, 2}) SubmitOk(queue, jobs_.Make(id));
  model_.control().FailWith(absl::UnknownError("nan"));

  scheduler_.RunOne(0);

  for (int id : {1, 2}) {
    EXPECT_THAT(jobs_.result(id),
                StatusIs(absl::StatusCode::kInternal, "model 'minilm': nan"));
  }
}

TEST_F(SchedulerTest, LetsNoCallInWhileItDrainsAndFinishesThoseItHas) {
  const QueueId queue = Open(model_);
  ASSERT_OK_AND_ASSIGN(const CallAdmission admission, scheduler_.AdmitCall());

  scheduler_.Drain();

  const absl::Status refused = scheduler_.AdmitCall().status();
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(RetryDelayOf(refused).has_value());
  SubmitOk(queue, jobs_.Make(1));
  EXPECT_TRUE(scheduler_.RunOne(0));
  EXPECT_THAT(jobs_.result(1), IsOk());
}

TEST_F(SchedulerTest, IsNotIdleWhileACallMaySubmit) {
  ASSERT_OK_AND_ASSIGN(CallAdmission admission, scheduler_.AdmitCall());
  EXPECT_FALSE(scheduler_.AwaitIdle(clock_.Now()));

  admission.reset();

  EXPECT_TRUE(scheduler_.AwaitIdle(clock_.Now()));
}

TEST_F(SchedulerTest, IsIdleWhenNothingWaitsOrRuns) {
  const QueueId queue = Open(model_);
  SubmitOk(queue, jobs_.Make(1));
  EXPECT_FALSE(scheduler_.AwaitIdle(clock_.Now()));
  model_.control().Block();
  std::thread worker([this] { scheduler_.RunOne(0); });
  model_.control().AwaitBatches(1);
  EXPECT_FALSE(scheduler_.AwaitIdle(clock_.Now()));

  model_.control().Unblock();

  EXPECT_TRUE(scheduler_.AwaitIdle(absl::InfiniteFuture()));
  worker.join();
}

TEST_F(SchedulerTest, StopSendsWorkersHomeAndRefusesJobs) {
  const QueueId queue = Open(model_);
  std::thread worker([this] { EXPECT_FALSE(scheduler_.RunOne(0)); });
  clock_.AwaitWaiters(2);  // the worker, and the thread of the deadlines

  scheduler_.Stop();
  worker.join();

  EXPECT_THAT(scheduler_.Submit(queue, jobs_.Make(1)),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(SchedulerTest, StopCompletesWhatWaitsWithUnavailable) {
  SubmitOk(Open(model_), jobs_.Make(1));

  scheduler_.Stop();

  EXPECT_THAT(jobs_.result(1), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(scheduler_.RunOne(0));
}

TEST_F(SchedulerTest, ClosingAQueueEndsItsJobsAndNoOthers) {
  FakeLoadedModel other;
  const QueueId closed = Open(model_);
  const QueueId open = Open(other);
  const JobTicket ticket = SubmitOk(closed, jobs_.Make(1));
  SubmitOk(open, jobs_.Make(2));

  scheduler_.CloseQueue(closed);

  EXPECT_THAT(jobs_.result(1), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(scheduler_.Cancel(ticket));
  EXPECT_THAT(scheduler_.Submit(closed, jobs_.Make(3)),
              StatusIs(absl::StatusCode::kUnavailable));
  scheduler_.RunOne(0);
  EXPECT_THAT(jobs_.result(2), IsOk());
}

TEST_F(SchedulerTest, DropsWhatKeepsTheModelAliveAfterTheAnswer) {
  const QueueId queue = Open(model_);
  std::vector<int64_t> completed_when_dropped;
  Job job = jobs_.Make(1);
  job.keep_alive = std::shared_ptr<const void>(&queue, [&](const void*) {
    completed_when_dropped = jobs_.completed();
    // An unload ends like this: no lock may be held here.
    scheduler_.CloseQueue(queue);
  });
  SubmitOk(queue, std::move(job));

  scheduler_.RunOne(0);

  EXPECT_THAT(completed_when_dropped, ElementsAre(1));
  EXPECT_THAT(scheduler_.depths(), IsEmpty());
}

TEST_F(SchedulerTest, CallbacksMaySubmit) {
  const QueueId queue = Open(model_);
  Job first = jobs_.Make(1);
  first.done = [&](absl::StatusOr<JobResult>) {
    SubmitOk(queue, jobs_.Make(2));
  };
  SubmitOk(queue, std::move(first));

  scheduler_.RunOne(0);
  scheduler_.RunOne(0);

  EXPECT_THAT(jobs_.completed(), ElementsAre(2));
}

TEST_F(SchedulerTest, TellsHowMuchWaits) {
  QueueOptions options;
  options.model = "a";
  options.version = "3";
  const QueueId queue = Open(model_, options);
  SubmitOk(queue, jobs_.Make(1, /*tokens=*/4));
  SubmitOk(queue, jobs_.Make(2, /*tokens=*/5));

  EXPECT_THAT(scheduler_.depths(), ElementsAre(FieldsAre("a", "3", 2, 9)));
}

TEST_F(SchedulerTest, TellsHowLongWorkersAreBusy) {
  const QueueId queue = Open(model_);
  model_.control().Block();
  SubmitOk(queue, jobs_.Make(1));
  std::thread worker([this] { scheduler_.RunOne(1); });
  model_.control().AwaitBatches(1);

  clock_.Advance(absl::Seconds(3));

  EXPECT_EQ(scheduler_.busy_for(0), absl::ZeroDuration());
  EXPECT_EQ(scheduler_.busy_for(1), absl::Seconds(3));
  EXPECT_EQ(scheduler_.total_busy_time(), absl::Seconds(3));
  model_.control().Unblock();
  worker.join();
  EXPECT_EQ(scheduler_.busy_for(1), absl::ZeroDuration());
  EXPECT_EQ(scheduler_.total_busy_time(), absl::Seconds(3));
}

}  // namespace
}  // namespace transformerd
