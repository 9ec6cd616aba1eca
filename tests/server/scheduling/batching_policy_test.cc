#include "server/scheduling/batching_policy.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const absl::Time kNow = absl::FromUnixSeconds(1000);

QueuedJob MakeJob(int64_t tokens, int64_t sequences = 1) {
  QueuedJob job;
  job.tokens = tokens;
  job.sequences = sequences;
  job.enqueued = kNow;
  return job;
}

BatchLimits MakeLimits(int64_t tokens, int64_t sequences,
                       absl::Duration delay = absl::ZeroDuration()) {
  BatchLimits limits;
  limits.max_tokens = tokens;
  limits.max_sequences = sequences;
  limits.max_queue_delay = delay;
  return limits;
}

struct LimitsCase {
  const char* name;
  std::vector<QueuedJob> queue;
  BatchLimits limits;
  std::vector<int> dispatched;
};

class LimitsTest : public testing::TestWithParam<LimitsCase> {};

TEST_P(LimitsTest, DispatchesTheLongestPrefixThatFits) {
  const LimitsCase& given = GetParam();

  EXPECT_EQ(Decide(given.queue, kNow, given.limits).dispatch, given.dispatched);
}

constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();

INSTANTIATE_TEST_SUITE_P(
    Table, LimitsTest,
    testing::Values(LimitsCase{"Empty", {}, MakeLimits(10, 10), {}},
                    LimitsCase{"One", {MakeJob(4)}, MakeLimits(10, 10), {0}},
                    LimitsCase{"ExactlyTheTokens",
                               {MakeJob(4), MakeJob(6), MakeJob(1)},
                               MakeLimits(10, 10),
                               {0, 1}},
                    LimitsCase{"OneTokenTooMany",
                               {MakeJob(4), MakeJob(7)},
                               MakeLimits(10, 10),
                               {0}},
                    LimitsCase{"NoJobOvertakes",
                               {MakeJob(4), MakeJob(7), MakeJob(1)},
                               MakeLimits(10, 10),
                               {0}},
                    LimitsCase{"Sequences",
                               {MakeJob(1, 2), MakeJob(1, 2), MakeJob(1, 1)},
                               MakeLimits(10, 4),
                               {0, 1}},
                    LimitsCase{"TooManyTokensRunAlone",
                               {MakeJob(11), MakeJob(1)},
                               MakeLimits(10, 10),
                               {0}},
                    LimitsCase{"TooManySequencesRunAlone",
                               {MakeJob(1, 5), MakeJob(1)},
                               MakeLimits(10, 4),
                               {0}},
                    LimitsCase{"HugeJobsDoNotOverflow",
                               {MakeJob(5), MakeJob(kHuge, kHuge)},
                               MakeLimits(kHuge, kHuge),
                               {0}}),
    [](const auto& info) { return info.param.name; });

TEST(BatchingPolicyTest, LeavesOutJobsWhoseDeadlineHasCome) {
  std::vector<QueuedJob> queue = {MakeJob(1), MakeJob(1), MakeJob(1)};
  queue[0].deadline = kNow;
  queue[1].deadline = kNow + absl::Nanoseconds(1);

  EXPECT_THAT(Decide(queue, kNow, MakeLimits(10, 10)).dispatch,
              ElementsAre(1, 2));
}

TEST(BatchingPolicyTest, WaitsForMatesUntilTheOldestHasWaitedTheDelay) {
  std::vector<QueuedJob> queue = {MakeJob(1), MakeJob(1)};
  queue[1].enqueued = kNow - absl::Milliseconds(2);
  const BatchLimits limits = MakeLimits(10, 10, absl::Milliseconds(5));

  const BatchDecision early = Decide(queue, kNow, limits);
  EXPECT_THAT(early.dispatch, IsEmpty());
  EXPECT_EQ(early.wait_until, kNow + absl::Milliseconds(3));
  EXPECT_THAT(Decide(queue, early.wait_until, limits).dispatch,
              ElementsAre(0, 1));
}

TEST(BatchingPolicyTest, DoesNotWaitWithAFullBatch) {
  const absl::Duration delay = absl::Milliseconds(5);

  EXPECT_THAT(Decide({MakeJob(10)}, kNow, MakeLimits(10, 10, delay)).dispatch,
              ElementsAre(0));
  EXPECT_THAT(Decide({MakeJob(1, 4)}, kNow, MakeLimits(10, 4, delay)).dispatch,
              ElementsAre(0));
  EXPECT_THAT(Decide({MakeJob(6), MakeJob(6)}, kNow, MakeLimits(10, 10, delay))
                  .dispatch,
              ElementsAre(0));
}

TEST(BatchingPolicyTest, DoesNotWaitPastADeadline) {
  std::vector<QueuedJob> queue = {MakeJob(1), MakeJob(1)};
  queue[1].deadline = kNow + absl::Milliseconds(5);

  EXPECT_THAT(
      Decide(queue, kNow, MakeLimits(10, 10, absl::Milliseconds(5))).dispatch,
      ElementsAre(0, 1));
}

TEST(BatchingPolicyTest, JobsThatShareNoBatchRunByThemselvesAtOnce) {
  std::vector<QueuedJob> queue = {MakeJob(1), MakeJob(1), MakeJob(1)};
  const BatchLimits limits = MakeLimits(10, 10, absl::Milliseconds(5));

  queue[0].alone = true;
  EXPECT_THAT(Decide(queue, kNow, limits).dispatch, ElementsAre(0));

  queue[0].alone = false;
  queue[1].alone = true;
  EXPECT_THAT(Decide(queue, kNow, limits).dispatch, ElementsAre(0));
}

TEST(BatchingPolicyTest, MatesWantTheSameOutputs) {
  const std::vector<int> hidden = {0}, attentions = {0, 3};
  std::vector<QueuedJob> queue = {MakeJob(4), MakeJob(4), MakeJob(4),
                                  MakeJob(4)};
  queue[0].outputs = hidden;
  queue[1].outputs = attentions;
  queue[2].outputs = hidden;
  queue[3].outputs = attentions;

  EXPECT_THAT(Decide(queue, kNow, MakeLimits(16, 16)).dispatch,
              ElementsAre(0, 2));
  queue.erase(queue.begin());
  EXPECT_THAT(Decide(queue, kNow, MakeLimits(16, 16)).dispatch,
              ElementsAre(0, 2));
}

TEST(BatchingPolicyTest, DoesNotWaitPastTheDeadlineOfAnotherBatch) {
  const std::vector<int> hidden = {0}, attentions = {3};
  std::vector<QueuedJob> queue = {MakeJob(1), MakeJob(1)};
  queue[0].outputs = hidden;
  queue[1].outputs = attentions;
  queue[1].deadline = kNow + absl::Milliseconds(5);

  EXPECT_THAT(
      Decide(queue, kNow, MakeLimits(10, 10, absl::Milliseconds(5))).dispatch,
      ElementsAre(0));
}

TEST(BatchingPolicyTest, WaitsForEverWhenNothingIsLive) {
  QueuedJob expired = MakeJob(1);
  expired.deadline = kNow - absl::Seconds(1);

  EXPECT_EQ(Decide({expired}, kNow, MakeLimits(10, 10)).wait_until,
            absl::InfiniteFuture());
}

}  // namespace
}  // namespace transformerd
