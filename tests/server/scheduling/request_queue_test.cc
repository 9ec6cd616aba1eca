#include "server/scheduling/request_queue.h"

#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

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

JobNumber Push(RequestQueue& queue, Job job) {
  std::vector<Job> whole;
  whole.push_back(std::move(job));
  return queue.Push(std::move(whole), kNow);
}

// A job in parts of so many tokens.
JobNumber PushParts(RequestQueue& queue, std::vector<int64_t> tokens,
                    uint64_t priority = 0) {
  std::vector<Job> parts;
  for (int64_t count : tokens) parts.push_back(MakeJob(count, priority));
  return queue.Push(std::move(parts), kNow);
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
  for (int64_t tokens : {5, 3, 4}) Push(queue, MakeJob(tokens));

  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(5, 3, 4));
  EXPECT_THAT(HeadOf(queue, 2), ElementsAre(5, 3));
}

TEST(RequestQueueTest, ServesLowPriorityNumbersFirst) {
  RequestQueue queue;
  Push(queue, MakeJob(1, kDefaultPriority + 1));
  Push(queue, MakeJob(2, 0));
  Push(queue, MakeJob(3, kDefaultPriority));
  Push(queue, MakeJob(4, 1));

  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(4, 2, 3, 1));
}

TEST(RequestQueueTest, CountsRequestsAndTokens) {
  RequestQueue queue;
  Push(queue, MakeJob(5));
  const JobNumber second = Push(queue, MakeJob(3));
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
  Push(queue, std::move(job));

  const std::vector<QueuedJob> head = queue.Head(1);
  EXPECT_EQ(head[0].tokens, 4);
  EXPECT_EQ(head[0].sequences, 2);
  EXPECT_EQ(head[0].enqueued, kNow);
  EXPECT_EQ(head[0].deadline, kNow + absl::Seconds(1));
}

TEST(RequestQueueTest, TakesTheJobsAtTheGivenPlaces) {
  RequestQueue queue;
  for (int64_t tokens : {1, 2, 3, 4, 5}) Push(queue, MakeJob(tokens));

  EXPECT_THAT(TokensOf(queue.TakeAt({0, 2, 3})), ElementsAre(1, 3, 4));
  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(2, 5));
}

TEST(RequestQueueTest, TakesAJobOnlyOnce) {
  RequestQueue queue;
  const JobNumber job = Push(queue, MakeJob(1));

  EXPECT_THAT(TokensOf(queue.Take(job)), ElementsAre(1));
  EXPECT_THAT(TokensOf(queue.Take(job)), IsEmpty());
}

TEST(RequestQueueTest, TakesWhatExpiresAtOrBeforeNow) {
  RequestQueue queue;
  Push(queue, MakeJobDueAt(1, kNow + absl::Seconds(2)));
  Push(queue, MakeJobDueAt(2, kNow + absl::Seconds(1)));
  Push(queue, MakeJob(3));

  EXPECT_EQ(queue.next_deadline(), kNow + absl::Seconds(1));
  EXPECT_THAT(TokensOf(queue.TakeExpired(kNow + absl::Seconds(1))),
              ElementsAre(2));
  EXPECT_EQ(queue.next_deadline(), kNow + absl::Seconds(2));
  EXPECT_THAT(TokensOf(queue.TakeExpired(kNow)), IsEmpty());
}

TEST(RequestQueueTest, ForgetsTheDeadlineOfATakenJob) {
  RequestQueue queue;
  Push(queue, MakeJobDueAt(1, kNow + absl::Seconds(1)));
  queue.TakeAt({0});

  EXPECT_EQ(queue.next_deadline(), absl::InfiniteFuture());
}

TEST(RequestQueueTest, APartGoesBehindWhatWaitsInItsLevel) {
  RequestQueue queue;
  PushParts(queue, {1, 2, 3});
  for (int64_t tokens : {4, 5}) Push(queue, MakeJob(tokens));
  Push(queue, MakeJob(6, kDefaultPriority + 1));
  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(1, 4, 5, 6));

  EXPECT_THAT(TokensOf(queue.TakeAt({0})), ElementsAre(1));

  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(4, 5, 2, 6));
}

TEST(RequestQueueTest, PlacesAreThoseBeforeAnyPartMoved) {
  RequestQueue queue;
  PushParts(queue, {1, 2});
  Push(queue, MakeJob(3));
  Push(queue, MakeJob(4, kDefaultPriority + 1));

  EXPECT_THAT(TokensOf(queue.TakeAt({0, 2})), ElementsAre(1, 4));
  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(3, 2));
}

TEST(RequestQueueTest, CountsAJobInPartsOnceAndWhatWaitsOfIt) {
  RequestQueue queue;
  PushParts(queue, {1, 2, 4});
  EXPECT_EQ(queue.requests(), 1);
  EXPECT_EQ(queue.tokens(), 7);

  queue.TakeAt({0});
  EXPECT_EQ(queue.requests(), 1);
  EXPECT_EQ(queue.tokens(), 6);
  queue.TakeAt({0});
  queue.TakeAt({0});

  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.tokens(), 0);
}

TEST(RequestQueueTest, TakesAllThatIsLeftOfAJobAndMarksTheLastPart) {
  RequestQueue queue;
  const JobNumber job = PushParts(queue, {1, 2, 3});
  Push(queue, MakeJob(4));
  queue.TakeAt({0});

  const std::vector<WaitingJob> rest = queue.Take(job);

  EXPECT_THAT(TokensOf(rest), UnorderedElementsAre(2, 3));
  for (const WaitingJob& part : rest) {
    EXPECT_EQ(part.is_last, part.tokens == 3);
  }
  EXPECT_THAT(HeadOf(queue, 10), ElementsAre(4));
}

TEST(RequestQueueTest, APartThatMovedStillExpiresWithItsJob) {
  RequestQueue queue;
  std::vector<Job> parts;
  for (int64_t tokens : {1, 2, 3}) {
    parts.push_back(MakeJobDueAt(tokens, kNow + absl::Seconds(1)));
  }
  queue.Push(std::move(parts), kNow);
  queue.TakeAt({0});

  EXPECT_THAT(TokensOf(queue.TakeExpired(kNow + absl::Seconds(1))),
              UnorderedElementsAre(2, 3));
  EXPECT_EQ(queue.next_deadline(), absl::InfiniteFuture());
}

TEST(RequestQueueTest, TakesAll) {
  RequestQueue queue;
  for (int64_t tokens : {1, 2}) Push(queue, MakeJob(tokens));

  EXPECT_THAT(TokensOf(queue.TakeAll()), ElementsAre(1, 2));
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.tokens(), 0);
}

}  // namespace
}  // namespace transformerd
