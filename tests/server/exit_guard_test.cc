#include "server/exit_guard.h"

#include <atomic>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"

namespace transformerd {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);

TEST(ExitGuardTest, GivesUpWhenItsPatienceIsOver) {
  FakeClock clock;
  absl::Notification given_up;
  ExitGuard guard(clock, kPatience, [&] { given_up.Notify(); });
  guard.Start();
  clock.AwaitWaiters(1);

  clock.Advance(kPatience - absl::Seconds(1));
  EXPECT_FALSE(given_up.HasBeenNotified());
  clock.Advance(absl::Seconds(1));

  given_up.WaitForNotification();
}

TEST(ExitGuardTest, IsCalledOffByItsDestructor) {
  FakeClock clock;
  std::atomic<bool> given_up = false;
  {
    ExitGuard guard(clock, kPatience, [&] { given_up = true; });
    guard.Start();
  }
  EXPECT_FALSE(given_up);
}

TEST(ExitGuardTest, HasAllTheTimeUntilItIsStarted) {
  FakeClock clock;
  std::atomic<bool> given_up = false;
  {
    ExitGuard guard(clock, kPatience, [&] { given_up = true; });
    clock.Advance(2 * kPatience);
  }
  EXPECT_FALSE(given_up);
}

}  // namespace
}  // namespace transformerd
