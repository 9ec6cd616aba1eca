#include "server/lifecycle/model_entry.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_loaded_model.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

std::shared_ptr<ModelInstance> MakeInstance() {
  return std::make_shared<ModelInstance>(ModelInstance::Options(),
                                         std::make_unique<FakeLoadedModel>(),
                                         ResidencyBudget::Reservation());
}

std::shared_ptr<LoadControl> MakeControl() {
  return std::make_shared<LoadControl>();
}

TEST(ModelEntryTest, LivesItsLife) {
  ModelEntry entry;
  entry.BeginLoad(MakeControl());
  EXPECT_EQ(entry.state(), ModelState::kLoading);
  const auto instance = MakeInstance();
  EXPECT_EQ(entry.FinishLoad(instance), nullptr);
  EXPECT_EQ(entry.state(), ModelState::kReady);
  EXPECT_EQ(entry.BeginDrain(), instance);
  EXPECT_EQ(entry.state(), ModelState::kDraining);
  entry.Unloaded();
  EXPECT_EQ(entry.state(), ModelState::kUnloaded);
}

TEST(ModelEntryTest, KeepsTheFullReportOfAFailure) {
  ModelEntry entry;
  entry.BeginLoad(MakeControl());
  entry.FailLoad(WithFullReport(absl::FailedPreconditionError("short"),
                                "the long report"));
  EXPECT_EQ(entry.state(), ModelState::kFailed);
  EXPECT_EQ(entry.Reason(), "the long report");
}

TEST(ModelEntryTest, AReloadReturnsTheInstanceBefore) {
  ModelEntry entry;
  entry.BeginLoad(MakeControl());
  const auto first = MakeInstance();
  entry.FinishLoad(first);
  entry.BeginLoad(MakeControl());
  EXPECT_EQ(entry.state(), ModelState::kReady);
  EXPECT_EQ(entry.FinishLoad(MakeInstance()), first);
}

TEST(ModelEntryTest, AFailedReloadStaysReadyAndSaysSo) {
  ModelEntry entry;
  entry.BeginLoad(MakeControl());
  entry.FinishLoad(MakeInstance());
  entry.BeginLoad(MakeControl());
  entry.FailLoad(absl::FailedPreconditionError("bad file"));
  EXPECT_EQ(entry.state(), ModelState::kReady);
  EXPECT_THAT(entry.Reason(), HasSubstr("reload failed"));
  EXPECT_THAT(entry.Reason(), HasSubstr("bad file"));
}

TEST(ModelEntryTest, ACancelledLoadIsUnloaded) {
  ModelEntry entry;
  entry.BeginLoad(MakeControl());
  entry.CancelLoad();
  EXPECT_EQ(entry.state(), ModelState::kUnloaded);
  EXPECT_EQ(entry.Reason(), "not loaded");
}

TEST(ModelEntryTest, TellsHowFarALoadIs) {
  ModelEntry entry;
  FakeClock clock;
  const auto control = std::make_shared<LoadControl>(clock);
  entry.BeginLoad(control);
  control->SetPhase(LoadPhase::kStream);
  control->SetTotals(100, 3100000000);
  clock.Advance(absl::Seconds(1));
  control->Advance(50, 1900000000);
  EXPECT_EQ(entry.Reason(), "LOADING 61% 1.9/3.1 GB, 1.90 GB/s, 0.6 s left");
}

TEST(DescribeProgressTest, UsesMegabytesForSmallModels) {
  LoadProgress progress;
  progress.bytes_done = 25000000;
  progress.bytes_total = 90000000;
  EXPECT_EQ(DescribeProgress(progress), "LOADING 27% 25.0/90.0 MB");
}

TEST(DescribeProgressTest, TellsTheRateWhereThereIsOne) {
  LoadProgress progress;
  progress.phase = LoadPhase::kStream;
  progress.bytes_done = 1900000000;
  progress.bytes_total = 3100000000;
  progress.bytes_per_second = 1.8e9;
  EXPECT_EQ(DescribeProgress(progress),
            "LOADING 61% 1.9/3.1 GB, 1.80 GB/s, 0.7 s left");
}

TEST(DescribeProgressTest, NamesThePhaseBeforeSizesAreKnown) {
  EXPECT_THAT(DescribeProgress(LoadProgress()), HasSubstr("LOADING ("));
}

TEST(ModelEntryDeathTest, IllegalTransitionsAreOurBugs) {
  ModelEntry entry;
  EXPECT_DEATH(entry.BeginDrain(), "unloaded -> draining");
}

TEST(ShareReadTest, IsThePartOfTheBytesAndNoneWhileTheyAreNotKnown) {
  LoadProgress progress;
  EXPECT_EQ(ShareRead(progress), 0);
  progress.bytes_total = 4;
  progress.bytes_done = 3;
  EXPECT_EQ(ShareRead(progress), 0.75);
}

}  // namespace
}  // namespace transformerd
