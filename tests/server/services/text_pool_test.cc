#include "server/services/text_pool.h"

#include <atomic>
#include <map>
#include <set>

#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

constexpr TextPool::Share kModel = {/*model=*/1, /*max_calls=*/100};

// The end of one call.
struct Outcome {
  absl::Notification done;
  absl::Status status;

  TextPool::Done Callback() {
    return [this](absl::Status ended) {
      status = std::move(ended);
      done.Notify();
    };
  }
  absl::Status Await() {
    done.WaitForNotification();
    return status;
  }
};

TEST(TextPoolTest, WorksOnEachRowOnce) {
  TextPool pool(3);
  std::vector<std::atomic<int>> visits(1000);
  Outcome outcome;

  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1000,
                  [&](int64_t row) {
                    ++visits[row];
                    return absl::OkStatus();
                  },
                  outcome.Callback()),
              IsOk());

  EXPECT_THAT(outcome.Await(), IsOk());
  for (const std::atomic<int>& count : visits) EXPECT_EQ(count, 1);
}

TEST(TextPoolTest, ALargeCallGetsSeveralThreads) {
  TextPool pool(2);
  absl::Mutex mutex;
  std::set<std::thread::id> threads;
  Outcome outcome;

  // A row waits until both threads are at it.
  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1000,
                  [&](int64_t) {
                    absl::MutexLock lock(&mutex);
                    threads.insert(std::this_thread::get_id());
                    const auto both = [&] { return threads.size() == 2; };
                    mutex.Await(absl::Condition(&both));
                    return absl::OkStatus();
                  },
                  outcome.Callback()),
              IsOk());

  EXPECT_THAT(outcome.Await(), IsOk());
}

TEST(TextPoolTest, ASmallCallDoesNotWaitForALargeOne) {
  TextPool pool(1);
  absl::Notification small_is_queued;
  Outcome large, small;
  std::atomic<int64_t> rows_before_small{0};
  ASSERT_THAT(pool.ForEachRow(
                  kModel, 10000,
                  [&](int64_t) {
                    small_is_queued.WaitForNotification();
                    ++rows_before_small;
                    return absl::OkStatus();
                  },
                  large.Callback()),
              IsOk());
  int64_t seen = 0;
  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1,
                  [&](int64_t) {
                    seen = rows_before_small;
                    return absl::OkStatus();
                  },
                  small.Callback()),
              IsOk());
  small_is_queued.Notify();

  EXPECT_THAT(small.Await(), IsOk());
  EXPECT_LT(seen, 100);
  EXPECT_THAT(large.Await(), IsOk());
}

TEST(TextPoolTest, GivesTheErrorOfTheLowestRowAndSkipsTheRest) {
  TextPool pool(1);
  std::atomic<int64_t> visited{0};
  Outcome outcome;

  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1000,
                  [&](int64_t row) {
                    ++visited;
                    return row < 3 ? absl::OkStatus()
                                   : absl::InvalidArgumentError("bad row");
                  },
                  outcome.Callback()),
              IsOk());

  EXPECT_THAT(outcome.Await(), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("bad row")));
  EXPECT_EQ(visited, 4);
}

TEST(TextPoolTest, RefusesMoreCallsOfAModelThanItMayHave) {
  const TextPool::Share first_model = {/*model=*/1, /*max_calls=*/1};
  const TextPool::Share second_model = {/*model=*/2, /*max_calls=*/1};
  const auto do_nothing = [](int64_t) { return absl::OkStatus(); };
  TextPool pool(1);
  absl::Notification go_on;
  Outcome first, refused, of_another, behind;
  ASSERT_THAT(pool.ForEachRow(
                  first_model, 1,
                  [&](int64_t) {
                    go_on.WaitForNotification();
                    return absl::OkStatus();
                  },
                  first.Callback()),
              IsOk());

  const absl::Status refusal =
      pool.ForEachRow(first_model, 1, do_nothing, refused.Callback());

  EXPECT_THAT(refusal, StatusIs(absl::StatusCode::kResourceExhausted,
                                HasSubstr("--max_queue_requests is 1")));
  EXPECT_TRUE(RetryDelayOf(refusal).has_value());
  EXPECT_THAT(
      pool.ForEachRow(second_model, 1, do_nothing, of_another.Callback()),
      IsOk());
  go_on.Notify();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(of_another.Await(), IsOk());
  EXPECT_THAT(pool.ForEachRow(first_model, 1, do_nothing, behind.Callback()),
              IsOk())
      << "the first one has ended";
  EXPECT_THAT(behind.Await(), IsOk());
  EXPECT_FALSE(refused.done.HasBeenNotified());
}

TEST(TextPoolTest, TheDestructorFinishesWhatWasAccepted) {
  std::atomic<int> visited{0};
  Outcome outcome;
  {
    TextPool pool(1);
    ASSERT_THAT(pool.ForEachRow(
                    kModel, 100,
                    [&](int64_t) {
                      ++visited;
                      return absl::OkStatus();
                    },
                    outcome.Callback()),
                IsOk());
  }

  EXPECT_TRUE(outcome.done.HasBeenNotified());
  EXPECT_EQ(visited, 100);
}

TEST(TextPoolTest, BeginsNoRowOnceItIsStopped) {
  TextPool pool(1);
  absl::Notification has_begun, go_on;
  std::atomic<int> visited{0};
  Outcome running, later;
  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1000,
                  [&](int64_t) {
                    if (++visited == 1) has_begun.Notify();
                    go_on.WaitForNotification();
                    return absl::OkStatus();
                  },
                  running.Callback()),
              IsOk());
  has_begun.WaitForNotification();

  pool.Stop();
  go_on.Notify();
  ASSERT_THAT(pool.ForEachRow(
                  kModel, 1,
                  [&](int64_t) {
                    ++visited;
                    return absl::OkStatus();
                  },
                  later.Callback()),
              IsOk());

  for (Outcome* outcome : {&running, &later}) {
    EXPECT_THAT(outcome->Await(), StatusIs(absl::StatusCode::kUnavailable));
    EXPECT_TRUE(RetryDelayOf(outcome->Await()).has_value());
  }
  EXPECT_EQ(visited, 1);
}

}  // namespace
}  // namespace transformerd
