#include "model/loading/load_control.h"

#include <set>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;

auto IsPhase(LoadPhase phase, absl::Duration time) {
  return AllOf(Field(&PhaseTime::phase, phase), Field(&PhaseTime::time, time));
}

TEST(LoadControlTest, IsNotCancelledAtFirst) {
  EXPECT_THAT(LoadControl().CheckNotCancelled(), IsOk());
}

TEST(LoadControlTest, TheFirstReasonStays) {
  LoadControl control;

  control.Cancel(absl::CancelledError("unloaded"));
  control.Cancel(absl::DeadlineExceededError("too late"));

  EXPECT_THAT(control.CheckNotCancelled(),
              StatusIs(absl::StatusCode::kCancelled, "unloaded"));
}

TEST(LoadControlDeathTest, RefusesACancellationWithoutReason) {
  LoadControl control;
  EXPECT_DEATH(control.Cancel(absl::OkStatus()), "needs a reason");
}

TEST(LoadControlTest, ProgressAddsUp) {
  LoadControl control;
  control.SetPhase(LoadPhase::kStream);
  control.SetTotals(3, 100);

  control.Advance(1, 40);
  control.Advance(2, 60);

  const LoadProgress progress = control.progress();
  EXPECT_EQ(progress.phase, LoadPhase::kStream);
  EXPECT_EQ(progress.tensors_done, 3);
  EXPECT_EQ(progress.tensors_total, 3);
  EXPECT_EQ(progress.bytes_done, 100);
  EXPECT_EQ(progress.bytes_total, 100);
}

TEST(LoadControlTest, TellsHowLongEachPhaseTook) {
  FakeClock clock;
  LoadControl control(clock);
  clock.Advance(absl::Seconds(5));
  control.SetPhase(LoadPhase::kPlan);
  clock.Advance(absl::Seconds(1));
  control.SetPhase(LoadPhase::kStream);
  clock.Advance(absl::Seconds(2));

  EXPECT_THAT(control.progress().phases,
              ElementsAre(IsPhase(LoadPhase::kPlan, absl::Seconds(1)),
                          IsPhase(LoadPhase::kStream, absl::Seconds(2))));
  control.SetPhase(LoadPhase::kDone);
  clock.Advance(absl::Seconds(9));
  EXPECT_THAT(control.progress().phases,
              ElementsAre(IsPhase(LoadPhase::kPlan, absl::Seconds(1)),
                          IsPhase(LoadPhase::kStream, absl::Seconds(2))));
}

TEST(LoadControlTest, TheRateIsThatOfTheLastSeconds) {
  FakeClock clock;
  LoadControl control(clock);
  control.SetTotals(3, 1000);
  control.SetPhase(LoadPhase::kStream);
  EXPECT_EQ(control.progress().bytes_per_second, 0);
  EXPECT_EQ(control.progress().TimeLeft(), absl::InfiniteDuration());

  clock.Advance(absl::Seconds(1));
  control.Advance(0, 500);
  EXPECT_EQ(control.progress().bytes_per_second, 500);
  EXPECT_EQ(control.progress().TimeLeft(), absl::Seconds(1));

  for (int i = 0; i < 4; ++i) {
    clock.Advance(absl::Seconds(1));
    control.Advance(0, 10);
  }
  EXPECT_EQ(control.progress().bytes_per_second, 10);
}

TEST(LoadControlTest, TheRateFallsWhileNothingComes) {
  FakeClock clock;
  LoadControl control(clock);
  control.SetPhase(LoadPhase::kStream);
  clock.Advance(absl::Seconds(1));
  control.Advance(1, 100);
  clock.Advance(absl::Seconds(9));
  EXPECT_EQ(control.progress().bytes_per_second, 10);
}

TEST(LoadControlTest, SleepsUntilItsTime) {
  FakeClock clock;
  LoadControl control(clock);
  std::thread sleeper([&] {
    EXPECT_THAT(control.SleepUntil(clock.Now() + absl::Seconds(1)), IsOk());
  });
  clock.AwaitWaiters(1);
  clock.Advance(absl::Seconds(1));
  sleeper.join();
}

TEST(LoadControlTest, ACancellationEndsASleep) {
  FakeClock clock;
  LoadControl control(clock);
  std::thread sleeper([&] {
    EXPECT_THAT(control.SleepUntil(absl::InfiniteFuture()),
                StatusIs(absl::StatusCode::kCancelled));
  });
  clock.AwaitWaiters(1);
  control.Cancel(absl::CancelledError("enough"));
  sleeper.join();
}

TEST(LoadControlTest, SeesTheMemoryOfTheProcess) {
  LoadControl control;
  EXPECT_EQ(control.peak_process_bytes(), 0);
  control.SetPhase(LoadPhase::kPlan);
  EXPECT_GT(control.peak_process_bytes(), 1 << 20);
}

TEST(LoadControlTest, EachPhaseHasANameOfItsOwn) {
  std::set<std::string> names;
  for (LoadPhase phase :
       {LoadPhase::kQueued, LoadPhase::kPlan, LoadPhase::kAllocate,
        LoadPhase::kStream, LoadPhase::kWarmUp, LoadPhase::kDone}) {
    names.insert(std::string(NameOf(phase)));
  }
  EXPECT_EQ(names.size(), 6u);
}

}  // namespace
}  // namespace transformerd
