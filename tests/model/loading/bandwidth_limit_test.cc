#include "model/loading/bandwidth_limit.h"

#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

// A burst is a tenth of it.
constexpr int64_t kRate = 1000000;
constexpr int64_t kBurst = kRate / 10;

class BandwidthLimitTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  LoadControl control_{clock_};
  BandwidthLimit limit_{kRate, clock_};
};

TEST_F(BandwidthLimitTest, ABurstIsThereAtOnce) {
  EXPECT_EQ(limit_.burst_bytes(), kBurst);
  const absl::Time start = clock_.Now();
  EXPECT_THAT(limit_.Take(kBurst, control_), IsOk());
  EXPECT_EQ(clock_.Now(), start);
}

TEST_F(BandwidthLimitTest, WhatIsTakenBeyondItComesAtTheRate) {
  ASSERT_THAT(limit_.Take(kBurst, control_), IsOk());
  bool taken = false;
  std::thread reader([&] {
    EXPECT_THAT(limit_.Take(kBurst / 2, control_), IsOk());
    taken = true;
  });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Milliseconds(49));
  clock_.AwaitWaiters(1);
  EXPECT_FALSE(taken);
  clock_.Advance(absl::Milliseconds(1));
  reader.join();
  EXPECT_TRUE(taken);
}

TEST_F(BandwidthLimitTest, RestDoesNotSaveUpForMoreThanABurst) {
  ASSERT_THAT(limit_.Take(kBurst, control_), IsOk());
  clock_.Advance(absl::Hours(1));
  ASSERT_THAT(limit_.Take(kBurst, control_), IsOk());
  std::thread reader([&] { EXPECT_THAT(limit_.Take(1000, control_), IsOk()); });
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Milliseconds(1));
  reader.join();
}

TEST_F(BandwidthLimitTest, LoadsThatRunAtOnceShareTheRate) {
  ASSERT_THAT(limit_.Take(kBurst, control_), IsOk());
  LoadControl other(clock_);
  std::thread first(
      [&] { EXPECT_THAT(limit_.Take(kBurst, control_), IsOk()); });
  clock_.AwaitWaiters(1);
  std::thread second([&] { EXPECT_THAT(limit_.Take(kBurst, other), IsOk()); });
  clock_.AwaitWaiters(2);
  clock_.Advance(absl::Milliseconds(100));
  first.join();
  clock_.AwaitWaiters(1);
  clock_.Advance(absl::Milliseconds(100));
  second.join();
}

TEST_F(BandwidthLimitTest, ACancelledLoadStopsWaitingAtOnce) {
  ASSERT_THAT(limit_.Take(kBurst, control_), IsOk());
  std::thread reader([&] {
    EXPECT_THAT(limit_.Take(kBurst, control_),
                StatusIs(absl::StatusCode::kCancelled));
  });
  clock_.AwaitWaiters(1);
  control_.Cancel(absl::CancelledError("enough"));
  reader.join();
}

}  // namespace
}  // namespace transformerd
