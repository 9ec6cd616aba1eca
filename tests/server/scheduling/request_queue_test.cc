#include "server/scheduling/request_queue.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1000);

// A job of one row with `tokens` tokens, by which tests tell jobs apart.
Job MakeJob(int64_t tokens, uint64_t priority = 0) {
  Job job;
  job.input.batch = 1;
  job.input.width = tokens;
  job.input.lengths = {tokens};
  job.priority = priority;
  return job;
}

Job MakeJobDueAt(int64_t tokens, absl::Time deadline) {
  Job job = MakeJob(tokens);
  job.deadline = deadline;
  return job;
}

std::vector<int64_t> TokensOf(const std::vector<WaitingJob>& jobs) {
  std::vector<int64_t> tokens;
  for (const WaitingJob& job : jobs) tokens.push_back(job.tokens);
  return tokens;
}

std::vector<int64_t> HeadOf(const RequestQueue& queue, int64_t count) {
  std::vector<int64_t> tokens;
  for (const QueuedJob& job : queue.Head(count)) tokens.push_back(job.tokens);
  return tokens;
}

TEST(RequestQueueTest, ServesFirstComeFirst) {
  RequestQueue queue;
  for (int64_t tokens : {5, 3, 4}) queue.Push(MakeJob(tokens), kNow);

  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(5, 3, 4));
  EXPECT_THAT(HeadOf(queue, 2), ElementsAre(5, 3));
}

TEST(RequestQueueTest, ServesLowPriorityNumbersFirst) {
  RequestQueue queue;
  queue.Push(MakeJob(1, kDefaultPriority + 1), kNow);
  queue.Push(MakeJob(2, 0), kNow);
  queue.Push(MakeJob(3, kDefaultPriority), kNow);
  queue.Push(MakeJob(4, 1), kNow);

  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(4, 2, 3, 1));
}

TEST(RequestQueueTest, CountsRequestsAndTokens) {
  RequestQueue queue;
  queue.Push(MakeJob(5), kNow);
  const JobKey second = queue.Push(MakeJob(3), kNow);
  queue.Take(second);

  EXPECT_EQ(queue.requests(), 1);
  EXPECT_EQ(queue.tokens(), 5);
  EXPECT_FALSE(queue.empty());
}

TEST(RequestQueueTest, TellsThePolicyOfEachJob) {
  RequestQueue queue;
  Job job = MakeJobDueAt(4, kNow + absl::Seconds(1));
  job.input.batch = 2;
  job.input.lengths = {1, 3};
  queue.Push(std::move(job), kNow);

  const std::vector<QueuedJob> head = queue.Head(1);
  EXPECT_EQ(head[0].tokens, 4);
  EXPECT_EQ(head[0].sequences, 2);
  EXPECT_EQ(head[0].enqueued, kNow);
  EXPECT_EQ(head[0].deadline, kNow + absl::Seconds(1));
}

TEST(RequestQueueTest, TakesTheJobsAtTheGivenPlaces) {
  RequestQueue queue;
  for (int64_t tokens : {1, 2, 3, 4, 5}) queue.Push(MakeJob(tokens), kNow);

  EXPECT_THAT(TokensOf(queue.TakeAt({0, 2, 3})), ElementsAre(1, 3, 4));
  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(2, 5));
}

TEST(RequestQueueTest, TakesAJobOnlyOnce) {
  RequestQueue queue;
  const JobKey key = queue.Push(MakeJob(1), kNow);

  EXPECT_TRUE(queue.Take(key).has_value());
  EXPECT_FALSE(queue.Take(key).has_value());
}

TEST(RequestQueueTest, TakesWhatExpiresAtOrBeforeNow) {
  RequestQueue queue;
  queue.Push(MakeJobDueAt(1, kNow + absl::Seconds(2)), kNow);
  queue.Push(MakeJobDueAt(2, kNow + absl::Seconds(1)), kNow);
  queue.Push(MakeJob(3), kNow);

  EXPECT_EQ(queue.next_deadline(), kNow + absl::Seconds(1));
  EXPECT_THAT(TokensOf(queue.TakeExpired(kNow + absl::Seconds(1))),
              ElementsAre(2));
  EXPECT_EQ(queue.next_deadline(), kNow + absl::Seconds(2));
  EXPECT_THAT(TokensOf(queue.TakeExpired(kNow)), IsEmpty());
}

TEST(RequestQueueTest, ForgetsTheDeadlineOfATakenJob) {
  RequestQueue queue;
  queue.Push(MakeJobDueAt(1, kNow + absl::Seconds(1)), kNow);
  queue.TakeAt({0});

  EXPECT_EQ(queue.next_deadline(), absl::InfiniteFuture());
}

TEST(RequestQueueTest, TakesAll) {
  RequestQueue queue;
  for (int64_t tokens : {1, 2}) queue.Push(MakeJob(tokens), kNow);

  EXPECT_THAT(TokensOf(queue.TakeAll()), ElementsAre(1, 2));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.tokens(), 0);
}

}  // namespace
}  // namespace transformerd
