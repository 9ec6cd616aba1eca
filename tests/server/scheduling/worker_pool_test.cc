#include "server/scheduling/worker_pool.h"

#include <atomic>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/fakes/recorded_jobs.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

QueueOptions OneAtATime() {
  QueueOptions options;
  options.batch.max_sequences = 1;
  return options;
}

TEST(WorkerPoolTest, EveryWorkerServes) {
  SystemClock clock;
  RecordedJobs jobs;
  FakeLoadedModel model;
  Scheduler scheduler(3, clock);
  WorkerPool pool(scheduler);
  const QueueId queue = scheduler.OpenQueue(model, OneAtATime());
  model.control().Block();

  for (int id : {1, 2, 3}) {
    ASSERT_THAT(scheduler.Submit(queue, jobs.Make(id)), IsOk());
  }
  model.control().AwaitBatches(3);
  model.control().Unblock();
  jobs.AwaitCompleted(3);

  std::set<int> workers;
  for (const auto& batch : model.control().batches()) {
    workers.insert(batch.worker);
  }
  EXPECT_EQ(workers, (std::set<int>{0, 1, 2}));
}

TEST(WorkerPoolTest, DestructionWaitsForTheRunningBatch) {
  SystemClock clock;
  RecordedJobs jobs;
  FakeLoadedModel model;
  Scheduler scheduler(1, clock);
  std::optional<WorkerPool> pool(std::in_place, scheduler);
  const QueueId queue = scheduler.OpenQueue(model, OneAtATime());
  model.control().Block();
  ASSERT_THAT(scheduler.Submit(queue, jobs.Make(1)), IsOk());
  ASSERT_THAT(scheduler.Submit(queue, jobs.Make(2)), IsOk());
  model.control().AwaitBatches(1);

  std::thread destroyer([&pool] { pool.reset(); });
  jobs.AwaitCompleted(1);
  EXPECT_THAT(jobs.result(2), StatusIs(absl::StatusCode::kUnavailable));
  model.control().Unblock();
  destroyer.join();

  EXPECT_THAT(jobs.result(1), IsOk());
}

// Submissions, cancellations, deadlines and a failing model at once: each job
// ends exactly once, and a right answer is the only OK one.
TEST(WorkerPoolTest, CompletesEachJobExactlyOnce) {
  constexpr int kThreads = 4, kJobsPerThread = 500;
  SystemClock clock;
  FakeLoadedModel model;
  std::atomic<int> accepted{0}, completed{0}, wrong{0};
  Scheduler scheduler(2, clock);
  QueueOptions options;
  options.limits.max_requests = 50;
  options.batch.max_sequences = 8;
  const QueueId queue = scheduler.OpenQueue(model, options);
  std::optional<WorkerPool> pool(std::in_place, scheduler);

  const auto submit = [&](int seed) {
    std::mt19937 random(seed);
    for (int i = 0; i < kJobsPerThread; ++i) {
      Job job;
      job.input = MakeInput({static_cast<int64_t>(random() % 100)});
      const std::string expected =
          FakeLoadedModel::AnswerTo(job.input)[1].bytes;
      job.deadline = clock.Now() + absl::Microseconds(1 + random() % 1000);
      job.done = [&, expected](absl::StatusOr<JobResult> result) {
        ++completed;
        if (result.ok() && result->output[1].bytes != expected) ++wrong;
      };
      const absl::StatusOr<JobTicket> ticket =
          scheduler.Submit(queue, std::move(job));
      if (!ticket.ok()) continue;
      ++accepted;
      if (random() % 5 == 0) scheduler.Cancel(*ticket);
    }
  };
  std::vector<std::thread> clients;
  for (int i = 0; i < kThreads; ++i) clients.emplace_back(submit, i);
  for (std::thread& client : clients) client.join();
  EXPECT_TRUE(scheduler.AwaitIdle(absl::InfiniteFuture()));
  pool.reset();

  EXPECT_EQ(completed, accepted);
  EXPECT_GT(accepted, 0);
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace transformerd
