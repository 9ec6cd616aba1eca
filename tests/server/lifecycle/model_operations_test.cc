#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "server/lifecycle/model_repository.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/lifecycle/repository_fixture.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using ModelOperationsTest = RepositoryFixture;

TEST_F(ModelOperationsTest, TellsItsObserverInOrder) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ASSERT_THAT(repository().Unload("a"), IsOk());
  EXPECT_THAT(observer_.events(),
              ElementsAre("a/1 loading", "a/1 loaded", "a/1 ready",
                          "a/1 draining", "a/1 released", "a/1 unloaded"));
  EXPECT_EQ(observer_.operations(), 2);
}

TEST_F(ModelOperationsTest, AFailedLoadKeepsItsReason) {
  loader_.FailWith(WithFullReport(LoadError(Reason::kMissingKey, "2 missing"),
                                  "all the keys"));
  EXPECT_THAT(
      repository().Load("a", {}),
      StatusIs(absl::StatusCode::kFailedPrecondition, "model 'a': 2 missing"));
  const auto found = repository().Find("a", "");
  EXPECT_THAT(found, StatusIs(absl::StatusCode::kFailedPrecondition,
                              "model 'a' failed to load: 2 missing"));
  EXPECT_THAT(found, HasReason(Reason::kMissingKey));
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 UNAVAILABLE all the keys"));
  EXPECT_THAT(observer_.events(), ElementsAre("a/1 loading", "a/1 failed"));
}

TEST_F(ModelOperationsTest, AFailureOfAnotherKindIsAFailedPreconditionLater) {
  loader_.FailWith(absl::ResourceExhaustedError("no room"));
  EXPECT_THAT(repository().Load("a", {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(
      repository().Find("a", "1"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no room")));
}

TEST_F(ModelOperationsTest, AFailedLoadCanBeTriedAgain) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository().Load("a", {}).ok());
  loader_.FailWith(absl::OkStatus());
  EXPECT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 READY "));
}

TEST_F(ModelOperationsTest, AnUnloadForgetsAFailure) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository().Load("a", {}).ok());
  EXPECT_THAT(repository().Unload("a"), IsOkAndHolds(0));
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 UNAVAILABLE not loaded"));
}

TEST_F(ModelOperationsTest, AModelThatLoadsIsUnavailableForNow) {
  loader_.Block();
  Outcome load;
  repository().LoadAsync("a", {}, load.load_done());
  loader_.AwaitLoads(1);
  const auto found = repository().Find("a", "");
  EXPECT_THAT(found,
              StatusIs(absl::StatusCode::kUnavailable, "model 'a' is loading"));
  EXPECT_TRUE(RetryDelayOf(found.status()).has_value());
  EXPECT_THAT(repository().Find("a", "2"),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(IndexRows(), ElementsAre(HasSubstr("a/1 LOADING LOADING ")));
  loader_.Unblock();
  EXPECT_THAT(load.Await(), IsOk());
}

TEST_F(ModelOperationsTest, PartsComeFromTheFoldersOfOtherModels) {
  folder_.Write("composed/transformerd.json", R"({"parts": [
      {"module": "TransformerEmbeddings", "checkpoint": "a"},
      {"module": "TransformerStack", "checkpoint": "a"}]})");
  ASSERT_THAT(repository().Load("composed", {}), IsOk());
  const std::vector<PartOptions> parts =
      loader_.requests().back().options.parts;
  ASSERT_EQ(parts.size(), 2u);
  EXPECT_THAT(parts[1].directory, testing::EndsWith("/a"));

  EXPECT_THAT(
      repository().Load("a", {{"parts", R"([{"module": "TransformerStack",
                               "checkpoint": "composed"}])"}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               HasSubstr("checkpoint 'composed' is made of parts itself")));
}

TEST_F(ModelOperationsTest, IdenticalLoadsJoin) {
  loader_.Block();
  Outcome first, second;
  repository().LoadAsync("a", {{"strict", false}}, first.load_done());
  repository().LoadAsync("a", {{"strict", false}}, second.load_done());
  loader_.AwaitLoads(1);
  loader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
  EXPECT_EQ(loader_.requests().size(), 1u);
}

TEST_F(ModelOperationsTest, JoinedLoadsFailAlike) {
  loader_.Block();
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  Outcome first, second;
  repository().LoadAsync("a", {}, first.load_done());
  repository().LoadAsync("a", {}, second.load_done());
  loader_.Unblock();
  EXPECT_EQ(first.Await(), second.Await());
  EXPECT_THAT(first.Await(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ModelOperationsTest, ADifferentLoadMeanwhileIsUnavailable) {
  loader_.Block();
  Outcome first;
  repository().LoadAsync("a", {}, first.load_done());
  const absl::Status second = repository().Load("a", {{"strict", false}});
  EXPECT_THAT(second, StatusIs(absl::StatusCode::kUnavailable,
                               HasSubstr("with other parameters")));
  EXPECT_TRUE(RetryDelayOf(second).has_value());
  loader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
}

TEST_F(ModelOperationsTest, TheLastWaiterCancelsTheLoad) {
  loader_.Block();
  Outcome first, second;
  const LoadTicket one = repository().LoadAsync("a", {}, first.load_done());
  const LoadTicket two = repository().LoadAsync("a", {}, second.load_done());
  loader_.AwaitLoads(1);
  repository().Abandon(one);
  EXPECT_THAT(first.Await(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_FALSE(second.is_known());
  repository().Abandon(two);
  EXPECT_THAT(second.Await(), StatusIs(absl::StatusCode::kCancelled));
  repository().Shutdown();  // the blocked load has ended
  EXPECT_EQ(loader_.models().live_models(), 0);
  EXPECT_THAT(observer_.events(), ElementsAre("a/1 loading", "a/1 unloaded"));
}

TEST_F(ModelOperationsTest, AbandoningOneWaiterLeavesTheOthers) {
  loader_.Block();
  Outcome first, second;
  const LoadTicket one = repository().LoadAsync("a", {}, first.load_done());
  repository().LoadAsync("a", {}, second.load_done());
  repository().Abandon(one);
  repository().Abandon(one);
  loader_.Unblock();
  EXPECT_THAT(second.Await(), IsOk());
  repository().Abandon(one);
}

TEST_F(ModelOperationsTest, AnUnloadCancelsARunningLoad) {
  loader_.Block();
  Outcome load;
  repository().LoadAsync("a", {}, load.load_done());
  loader_.AwaitLoads(1);
  EXPECT_THAT(repository().Unload("a"), IsOkAndHolds(0));
  EXPECT_THAT(load.Await(), StatusIs(absl::StatusCode::kCancelled,
                                     HasSubstr("by an unload")));
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelOperationsTest, AnUnloadWaitsForTheLastHandle) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelHandle handle = *repository().Find("a", "");
  Outcome unload;
  repository().UnloadAsync("a", unload.unload_done());
  EXPECT_THAT(
      repository().Find("a", ""),
      StatusIs(absl::StatusCode::kUnavailable, "model 'a' is unloading"));
  EXPECT_THAT(repository().Load("a", {}),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(repository().ReadyVersions("a"), IsEmpty());
  EXPECT_FALSE(unload.is_known());
  EXPECT_EQ(loader_.models().live_models(), 1);
  handle = ModelHandle();
  EXPECT_THAT(unload.Await(), IsOk());
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelOperationsTest, UnloadsJoin) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelHandle handle = *repository().Find("a", "");
  Outcome first, second;
  repository().UnloadAsync("a", first.unload_done());
  repository().UnloadAsync("a", second.unload_done());
  handle = ModelHandle();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
}

TEST_F(ModelOperationsTest, TheOldInstanceServesWhileTheNewOneLoads) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  const int64_t before = repository().Find("a", "")->generation();
  loader_.Block();
  Outcome reload;
  repository().LoadAsync("a", {}, reload.load_done());
  loader_.AwaitLoads(2);
  EXPECT_EQ(repository().Find("a", "")->generation(), before);
  EXPECT_THAT(IndexRows(), ElementsAre(HasSubstr("a/1 READY LOADING ")));
  loader_.Unblock();
  ASSERT_THAT(reload.Await(), IsOk());
  EXPECT_NE(repository().Find("a", "")->generation(), before);
}

TEST_F(ModelOperationsTest, AReloadIsAnsweredWhileTheOldInstanceIsInUse) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelHandle old = *repository().Find("a", "");
  EXPECT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_EQ(loader_.models().live_models(), 2);
  old = ModelHandle();
  repository_.reset();
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelOperationsTest, TheOldInstanceStaysWhereTheNewOneFails) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  const int64_t before = repository().Find("a", "")->generation();
  loader_.FailWith(absl::FailedPreconditionError("damaged"));
  EXPECT_THAT(repository().Load("a", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_EQ(repository().Find("a", "")->generation(), before);
  EXPECT_THAT(IndexRows(),
              ElementsAre(AllOf(HasSubstr("a/1 READY"), HasSubstr("damaged"))));
  EXPECT_THAT(observer_.events(),
              ElementsAre("a/1 loading", "a/1 loaded", "a/1 ready"));
}

TEST_F(ModelOperationsTest, AFailedVersionNamesItself) {
  AddModel("v/1");
  AddModel("v/2");
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  EXPECT_THAT(repository().Load("v", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "model 'v': version 1: bad"));
}

TEST_F(ModelOperationsTest, ACancelledLoadLeavesNoneOfItsVersions) {
  AddModel("v/1");
  AddModel("v/2");
  loader_.Block(/*free_loads=*/1);
  Outcome load;
  const LoadTicket ticket = repository().LoadAsync("v", {}, load.load_done());
  loader_.AwaitLoads(2);
  EXPECT_THAT(repository().Find("v", "1"),
              StatusIs(absl::StatusCode::kUnavailable));

  repository().Abandon(ticket);
  repository().Shutdown();  // the load has ended

  EXPECT_EQ(loader_.models().live_models(), 0);
  EXPECT_THAT(observer_.events(),
              UnorderedElementsAre("v/1 loading", "v/2 loading", "v/1 unloaded",
                                   "v/2 unloaded"));
}

TEST_F(ModelOperationsTest, ACancelledReloadReplacesNoneOfTheVersions) {
  AddModel("v/1");
  AddModel("v/2");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  const int64_t before = repository().Find("v", "1")->generation();
  loader_.Block(/*free_loads=*/1);
  Outcome reload;
  const LoadTicket ticket =
      repository().LoadAsync("v", {{"strict", false}}, reload.load_done());
  loader_.AwaitLoads(4);
  EXPECT_EQ(repository().Find("v", "1")->generation(), before);

  repository().Abandon(ticket);
  ASSERT_THAT(repository().Unload("v"), IsOk());  // the reload has ended

  const std::vector<std::string> events = observer_.events();
  EXPECT_EQ(std::count(events.begin(), events.end(), "v/1 loaded"), 1);
}

TEST_F(ModelOperationsTest, AFailedVersionDoesNotKeepTheOthersFromServing) {
  AddModel("v/1");
  AddModel("v/2");
  loader_.Block(/*free_loads=*/1);
  Outcome load;
  repository().LoadAsync("v", {}, load.load_done());
  loader_.AwaitLoads(2);
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  loader_.Unblock();

  EXPECT_THAT(load.Await(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                     "model 'v': version 2: bad"));
  EXPECT_THAT(repository().ReadyVersions("v"), ElementsAre(1));
}

TEST_F(ModelOperationsTest, AReloadForgetsVersionsThatAreGone) {
  AddModel("v/1");
  AddModel("v/2");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  std::filesystem::remove_all(folder_.path() + "/v/1");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  EXPECT_THAT(repository().ReadyVersions("v"), ElementsAre(2));
  EXPECT_THAT(repository().Find("v", "1"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelOperationsTest, RefusesWhatDoesNotFitBeforeLoadingIt) {
  PlannedLoad plan;
  plan.host = {/*weight_bytes=*/90, /*staging_bytes=*/11};
  loader_.SetPlan(plan);
  options_.host_memory_limit_bytes = 100;
  const absl::Status status = repository().Load("a", {});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("101"), HasSubstr("100"))));
  EXPECT_THAT(status, HasReason(Reason::kResourceLimit));
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelOperationsTest, ALoadThatWaitsForItsTurnCanBeCancelled) {
  AddModel("b");
  options_.max_concurrent_loads = 1;
  loader_.Block();
  Outcome first, second;
  repository().LoadAsync("a", {}, first.load_done());
  loader_.AwaitLoads(1);
  const LoadTicket ticket = repository().LoadAsync("b", {}, second.load_done());
  EXPECT_THAT(IndexRows(),
              ElementsAre(HasSubstr("a/1 LOADING"), HasSubstr("b/1 LOADING")));
  repository().Abandon(ticket);
  EXPECT_THAT(second.Await(), StatusIs(absl::StatusCode::kCancelled));
  loader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_EQ(loader_.requests().size(), 1u);
}

TEST_F(ModelOperationsTest, ShutdownCancelsLoadsAndFreesModels) {
  AddModel("b");
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  loader_.Block();
  Outcome load;
  repository().LoadAsync("b", {}, load.load_done());
  loader_.AwaitLoads(2);
  repository().Shutdown();
  EXPECT_THAT(load.Await(), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(loader_.models().live_models(), 0);
  EXPECT_THAT(
      repository().Load("a", {}),
      StatusIs(absl::StatusCode::kUnavailable, HasSubstr("shutting down")));
}

TEST_F(ModelOperationsTest, StaysConsistentUnderConcurrentCalls) {
  AddModel("b");
  repository();
  const auto is_documented = [](const absl::Status& status) {
    return status.ok() || status.code() == absl::StatusCode::kUnavailable ||
           status.code() == absl::StatusCode::kCancelled ||
           status.code() == absl::StatusCode::kNotFound;
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      const std::string name = t % 2 == 0 ? "a" : "b";
      for (int i = 0; i < 100; ++i) {
        EXPECT_TRUE(is_documented(repository().Load(name, {})));
        EXPECT_TRUE(is_documented(repository().Find(name, "").status()));
        repository().Index();
        EXPECT_TRUE(is_documented(repository().Unload(name).status()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  repository().Shutdown();
  EXPECT_EQ(loader_.models().live_models(), 0);
}

}  // namespace
}  // namespace transformerd
