#include "model/loading/load_control.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

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
