// The scheduler and jobs of more rows than a batch takes.
#include <thread>
#include <utility>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/scheduler.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::FieldsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Its fields may be read while nothing runs.
class CountingObserver : public QueueObserver {
 public:
  void OnRejected(RejectReason) override {
    absl::MutexLock lock(&mutex_);
    ++rejected;
  }
  void OnBatch(const BatchRecord& batch) override {
    absl::MutexLock lock(&mutex_);
    batches.push_back(batch);
  }
  void OnDropped() override {
    absl::MutexLock lock(&mutex_);
    ++dropped;
  }
  void OnComputed(const RequestRecord& request) override {
    absl::MutexLock lock(&mutex_);
    computed.push_back(request);
  }
  void OnFailed(absl::Duration duration) override {
    absl::MutexLock lock(&mutex_);
    failed.push_back(duration);
  }

  int rejected = 0, dropped = 0;
  std::vector<BatchRecord> batches;
  std::vector<RequestRecord> computed;
  std::vector<absl::Duration> failed;

 private:
  absl::Mutex mutex_;
};

// A scheduler of two workers that runs nothing unless a test calls RunOne().
class LargeJobsTest : public testing::Test {
 protected:
  QueueId Open(QueueOptions options) {
    options.model = "minilm";
    options.observer = &observer_;
    return scheduler_.OpenQueue(model_, std::move(options));
  }

  JobTicket Submit(QueueId queue, Job job) {
    absl::StatusOr<JobTicket> ticket = scheduler_.Submit(queue, std::move(job));
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(JobTicket());
  }

  static QueueOptions OneRowABatch() {
    QueueOptions options;
    options.batch.max_sequences = 1;
    return options;
  }

  // Rows of one token: `id` and the two numbers behind it.
  Job ThreeRows(int64_t id) {
    Job job = jobs_.Make(id);
    job.input.batch = 3;
    job.input.lengths = {1, 1, 1};
    job.input.input_ids = {id, id + 1, id + 2};
    return job;
  }

  FakeClock clock_;
  RecordedJobs jobs_;
  CountingObserver observer_;
  FakeLoadedModel model_;
  Scheduler scheduler_{2, clock_};
};

TEST_F(LargeJobsTest, RunsALargeJobInSeveralBatches) {
  QueueOptions options;
  options.batch.max_sequences = 2;
  const QueueId queue = Open(options);
  Submit(queue, ThreeRows(7));

  EXPECT_TRUE(scheduler_.RunOne(0));
  EXPECT_THAT(jobs_.completed(), IsEmpty());
  EXPECT_TRUE(scheduler_.RunOne(1));

  EXPECT_THAT(model_.control().first_ids(),
              ElementsAre(ElementsAre(7), ElementsAre(9)));
  ASSERT_OK_AND_ASSIGN(const JobResult result, jobs_.result(7));
  EXPECT_THAT(result.output[1].as<float>(),
              ElementsAre(7, 7.5, 8, 8.5, 9, 9.5));
}

TEST_F(LargeJobsTest, OthersHaveTheirTurnBetweenTheParts) {
  const QueueId queue = Open(OneRowABatch());
  Submit(queue, ThreeRows(7));
  Submit(queue, jobs_.Make(20));

  for (int i = 0; i < 4; ++i) scheduler_.RunOne(0);

  EXPECT_THAT(model_.control().first_ids(),
              ElementsAre(ElementsAre(7), ElementsAre(20), ElementsAre(8),
                          ElementsAre(9)));
}

TEST_F(LargeJobsTest, LargeJobsTakeTurns) {
  const QueueId queue = Open(OneRowABatch());
  Submit(queue, ThreeRows(7));
  Submit(queue, ThreeRows(20));

  for (int i = 0; i < 4; ++i) scheduler_.RunOne(0);

  EXPECT_THAT(model_.control().first_ids(),
              ElementsAre(ElementsAre(7), ElementsAre(20), ElementsAre(8),
                          ElementsAre(21)));
}

TEST_F(LargeJobsTest, IdleWorkersShareOne) {
  const QueueId queue = Open(OneRowABatch());
  model_.control().Block();
  Submit(queue, ThreeRows(7));

  std::thread first([this] { scheduler_.RunOne(0); });
  std::thread second([this] { scheduler_.RunOne(1); });
  model_.control().AwaitBatches(2);

  model_.control().Unblock();
  first.join();
  second.join();
}

TEST_F(LargeJobsTest, CountsOnceAgainstTheLimitOfRequests) {
  QueueOptions options = OneRowABatch();
  options.limits.max_requests = 2;
  const QueueId queue = Open(options);
  Submit(queue, ThreeRows(7));
  Submit(queue, jobs_.Make(20));

  EXPECT_THAT(scheduler_.Submit(queue, jobs_.Make(30)),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("2 requests wait")));
}

TEST_F(LargeJobsTest, WaitsAsOneRequestAndTheTokensThatAreLeft) {
  const QueueId queue = Open(OneRowABatch());
  Submit(queue, ThreeRows(7));
  EXPECT_THAT(scheduler_.depths(), ElementsAre(FieldsAre("minilm", "", 1, 3)));

  scheduler_.RunOne(0);

  EXPECT_THAT(scheduler_.depths(), ElementsAre(FieldsAre("minilm", "", 1, 2)));
}

TEST_F(LargeJobsTest, IsOneComputedRequestOfSeveralBatches) {
  const QueueId queue = Open(OneRowABatch());
  Submit(queue, ThreeRows(7));

  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(observer_.computed, IsEmpty());
    clock_.Advance(absl::Seconds(1));
    scheduler_.RunOne(0);
  }

  EXPECT_THAT(observer_.computed, ElementsAre(FieldsAre(3, absl::Seconds(3),
                                                        absl::ZeroDuration())));
  EXPECT_THAT(observer_.batches, Each(AllOf(Field(&BatchRecord::requests, 1),
                                            Field(&BatchRecord::tokens, 1))));
  EXPECT_THAT(observer_.batches, SizeIs(3));
  EXPECT_THAT(observer_.failed, IsEmpty());
}

TEST_F(LargeJobsTest, IsOneFailedRequestHoweverManyBatchesFailed) {
  const QueueId queue = Open(OneRowABatch());
  model_.control().FailWith(absl::UnknownError("nan"));
  Submit(queue, ThreeRows(7));

  for (int i = 0; i < 3; ++i) scheduler_.RunOne(0);

  EXPECT_THAT(observer_.failed, SizeIs(1));
  EXPECT_THAT(observer_.computed, IsEmpty());
  EXPECT_EQ(observer_.dropped, 0);
}

TEST_F(LargeJobsTest, IsDroppedOnceHoweverManyPartsAreLeft) {
  const QueueId queue = Open(OneRowABatch());
  const JobTicket ticket = Submit(queue, ThreeRows(7));
  clock_.Advance(absl::Seconds(1));

  EXPECT_TRUE(scheduler_.Cancel(ticket));

  EXPECT_EQ(observer_.dropped, 1);
  EXPECT_THAT(observer_.failed, ElementsAre(absl::Seconds(1)));
}

TEST_F(LargeJobsTest, ItsDeadlineEndsWhatIsLeft) {
  const QueueId queue = Open(OneRowABatch());
  Job job = ThreeRows(7);
  job.deadline = clock_.Now() + absl::Seconds(1);
  Submit(queue, std::move(job));
  scheduler_.RunOne(0);

  clock_.Advance(absl::Seconds(1));
  jobs_.AwaitCompleted(1);

  EXPECT_THAT(jobs_.result(7), StatusIs(absl::StatusCode::kDeadlineExceeded));
  EXPECT_TRUE(scheduler_.AwaitIdle(absl::InfiniteFuture()));
}

TEST_F(LargeJobsTest, StoppingEndsWhatIsLeft) {
  const QueueId queue = Open(OneRowABatch());
  Submit(queue, ThreeRows(7));
  scheduler_.RunOne(0);

  scheduler_.Stop();

  EXPECT_THAT(jobs_.result(7), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(LargeJobsTest, CancelsWhatStillWaitsOfALargeJob) {
  const QueueId queue = Open(OneRowABatch());
  const JobTicket ticket = Submit(queue, ThreeRows(7));
  EXPECT_TRUE(scheduler_.RunOne(0));

  EXPECT_FALSE(scheduler_.Cancel(ticket)) << "a part was computed";

  EXPECT_THAT(jobs_.result(7), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(7)));
}

}  // namespace
}  // namespace transformerd
