// The scheduler and jobs of more rows than a batch takes.
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/scheduling/scheduler.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// A scheduler of two workers that runs nothing unless a test calls RunOne().
class LargeJobsTest : public testing::Test {
 protected:
  QueueId Open(QueueOptions options) {
    options.model = "minilm";
    return scheduler_.OpenQueue(model_, std::move(options));
  }

  JobTicket Submit(QueueId queue, Job job) {
    absl::StatusOr<JobTicket> ticket = scheduler_.Submit(queue, std::move(job));
    EXPECT_THAT(ticket, IsOk());
    return ticket.value_or(JobTicket());
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

TEST_F(LargeJobsTest, CancelsWhatStillWaitsOfALargeJob) {
  QueueOptions options;
  options.batch.max_sequences = 1;
  const QueueId queue = Open(options);
  const JobTicket ticket = Submit(queue, ThreeRows(7));
  EXPECT_TRUE(scheduler_.RunOne(0));

  EXPECT_FALSE(scheduler_.Cancel(ticket)) << "a part was computed";

  EXPECT_THAT(jobs_.result(7), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(model_.control().first_ids(), ElementsAre(ElementsAre(7)));
}

}  // namespace
}  // namespace transformerd
