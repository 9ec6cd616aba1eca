#include "server/services/model_watch.h"

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/lifecycle/repository_fixture.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelWatchTest : public RepositoryFixture {
 protected:
  std::vector<v1::WatchModelResponse> Look(ModelWatch& watch) {
    auto updates = watch.Look();
    EXPECT_THAT(updates, IsOk());
    return updates.ok() ? *std::move(updates)
                        : std::vector<v1::WatchModelResponse>();
  }
};

TEST_F(ModelWatchTest, TellsTheSameStateOnce) {
  ModelWatch watch(repository(), "a", /*follow=*/true);
  EXPECT_THAT(Look(watch), SizeIs(1));
  EXPECT_THAT(Look(watch), IsEmpty());
  EXPECT_FALSE(watch.is_over());
}

TEST_F(ModelWatchTest, TellsEachPhaseOnce) {
  loader_.Block();
  Outcome load;
  repository().LoadAsync("a", {}, load.load_done());
  loader_.AwaitLoads(1);
  ModelWatch watch(repository(), "a", /*follow=*/false);

  const auto updates = Look(watch);
  ASSERT_THAT(updates, SizeIs(testing::Ge(1u)));
  EXPECT_EQ(updates.back().progress().phase(), v1::PLAN);
  EXPECT_THAT(Look(watch), IsEmpty());
  EXPECT_TRUE(watch.is_in_load());

  loader_.Unblock();
  ASSERT_THAT(load.Await(), IsOk());
  const auto rest = Look(watch);
  ASSERT_THAT(rest, SizeIs(2));
  EXPECT_EQ(rest[0].progress().phase(), v1::STREAM);
  EXPECT_TRUE(rest[1].has_outcome());
  EXPECT_TRUE(watch.is_over());
}

TEST_F(ModelWatchTest, ALoadThatWaitsForItsTurnIsQueued) {
  AddModel("b");
  options_.max_concurrent_loads = 1;
  loader_.Block();
  Outcome first, second;
  repository().LoadAsync("a", {}, first.load_done());
  loader_.AwaitLoads(1);
  repository().LoadAsync("b", {}, second.load_done());
  ModelWatch watch(repository(), "b", /*follow=*/false);

  const auto updates = Look(watch);

  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].progress().phase(), v1::QUEUED);
  loader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
}

TEST_F(ModelWatchTest, TellsTheVersionsOfALoadOneAfterTheOther) {
  AddModel("v/1");
  AddModel("v/2");
  ModelWatch watch(repository(), "v", /*follow=*/true);
  Look(watch);
  ASSERT_THAT(repository().Load("v", {}), IsOk());

  std::vector<std::string> told;
  for (const auto& update : Look(watch)) {
    told.push_back(absl::StrCat(
        update.version(), " ",
        update.has_outcome() ? update.outcome().code()
                             : v1::LoadPhase_Name(update.progress().phase())));
  }

  EXPECT_THAT(told,
              ElementsAre("1 PLAN", "1 STREAM", "2 PLAN", "2 STREAM", "2 OK"));
}

TEST_F(ModelWatchTest, ALoadThatWasOverBeforeIsHistory) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelWatch watch(repository(), "a", /*follow=*/true);
  const auto updates = Look(watch);
  ASSERT_THAT(updates, SizeIs(1));
  EXPECT_EQ(updates[0].state(), v1::Model::READY);
  EXPECT_FALSE(updates[0].has_outcome());
}

TEST_F(ModelWatchTest, AModelThatIsLoadedAnewIsReadyMeanwhile) {
  ModelWatch watch(repository(), "a", /*follow=*/true);
  Look(watch);
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_EQ(Look(watch)[0].state(), v1::Model::LOADING);
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_EQ(Look(watch)[0].state(), v1::Model::READY);
}

TEST_F(ModelWatchTest, WhatWasReadIsToldWithThePhaseThatReadIt) {
  ModelWatch watch(repository(), "a", /*follow=*/true);
  Look(watch);
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  const auto updates = Look(watch);
  ASSERT_THAT(updates, SizeIs(3));
  EXPECT_EQ(updates[0].progress().bytes_done(), 0);
  EXPECT_EQ(updates[1].progress().bytes_done(), 1000);
  EXPECT_EQ(updates[1].progress().bytes_total(), 1000);
}

}  // namespace
}  // namespace transformerd
