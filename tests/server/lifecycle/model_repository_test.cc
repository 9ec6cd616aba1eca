#include "server/lifecycle/model_repository.h"

#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Writes down what it is told.
class RecordingObserver : public RepositoryObserver {
 public:
  void OnState(const ModelId& id, ModelState state) override {
    Add(absl::StrCat(id.name, "/", id.version, " ", NameOf(state)));
  }
  void OnLoaded(const ModelId& id, const LoadReport&, absl::Duration) override {
    Add(absl::StrCat(id.name, "/", id.version, " loaded"));
  }
  void OnUnloaded(const ModelId& id, int64_t) override {
    Add(absl::StrCat(id.name, "/", id.version, " released"));
  }
  void OnOperationEnd() override {
    absl::MutexLock lock(&mutex_);
    ++operations_;
  }
  int operations() const {
    absl::MutexLock lock(&mutex_);
    return operations_;
  }
  std::vector<std::string> events() const {
    absl::MutexLock lock(&mutex_);
    return events_;
  }

 private:
  void Add(std::string event) {
    absl::MutexLock lock(&mutex_);
    events_.push_back(std::move(event));
  }

  mutable absl::Mutex mutex_;
  std::vector<std::string> events_ ABSL_GUARDED_BY(mutex_);
  int operations_ ABSL_GUARDED_BY(mutex_) = 0;
};

// The outcome of an asynchronous call.
class Outcome {
 public:
  ModelRepository::LoadDone load_done() {
    return [this](const absl::Status& status) { Set(status); };
  }
  ModelRepository::UnloadDone unload_done() {
    return
        [this](const absl::StatusOr<int64_t>& bytes) { Set(bytes.status()); };
  }
  absl::Status Await() {
    done_.WaitForNotification();
    return status_;
  }
  bool is_known() const { return done_.HasBeenNotified(); }

 private:
  void Set(const absl::Status& status) {
    status_ = status;
    done_.Notify();
  }
  absl::Status status_;
  absl::Notification done_;
};

class ModelRepositoryTest : public ::testing::Test {
 protected:
  ModelRepositoryTest() { AddModel("a"); }

  void AddModel(const std::string& path) {
    folder_.Write(path + "/config.json", "{}");
  }

  // The repository under test, made on first use.
  ModelRepository& repository() {
    if (repository_ == nullptr) {
      options_.root = folder_.path();
      repository_ = *ModelRepository::Create(options_, loader_, &observer_);
    }
    return *repository_;
  }

  std::vector<std::string> IndexRows() {
    std::vector<std::string> rows;
    for (const ModelIndexEntry& entry : repository().Index()) {
      rows.push_back(absl::StrCat(entry.name, "/", entry.version, " ",
                                  RepositoryStateName(entry.state), " ",
                                  entry.reason));
    }
    return rows;
  }

  TemporaryFolder folder_;
  FakeModelLoader loader_;
  RecordingObserver observer_;
  ModelRepository::Options options_;
  std::unique_ptr<ModelRepository> repository_;
};

TEST_F(ModelRepositoryTest, NeedsAFolder) {
  options_.root = folder_.path() + "/none";
  EXPECT_THAT(ModelRepository::Create(options_, loader_, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("none")));
}

TEST_F(ModelRepositoryTest, LoadsAndFindsAModel) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ASSERT_OK_AND_ASSIGN(const ModelHandle handle, repository().Find("a", ""));
  EXPECT_EQ(handle.name(), "a");
  EXPECT_EQ(handle.version(), 1);
  EXPECT_THAT(repository().Find("a", "1"), IsOk());
  EXPECT_THAT(repository().ReadyVersions("a"), ElementsAre(1));
  EXPECT_THAT(loader_.requests().front().directory, EndsWith("/a"));
}

TEST_F(ModelRepositoryTest, TellsItsObserverInOrder) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ASSERT_THAT(repository().Unload("a"), IsOk());
  EXPECT_THAT(observer_.events(),
              ElementsAre("a/1 loading", "a/1 loaded", "a/1 ready",
                          "a/1 draining", "a/1 released", "a/1 unloaded"));
  EXPECT_EQ(observer_.operations(), 2);
}

TEST_F(ModelRepositoryTest, UnknownNamesAndVersionsAreNotFound) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  for (const std::string& name :
       {std::string("b"), std::string(""), std::string(".."),
        std::string("../a"), std::string("a/"), std::string("a\0b", 3),
        std::string(5000, 'x')}) {
    EXPECT_THAT(repository().Find(name, ""),
                StatusIs(absl::StatusCode::kNotFound,
                         HasSubstr("is not in the repository")));
  }
  for (const char* version : {"2", "0", "-1", "x", "01"}) {
    EXPECT_THAT(repository().Find("a", version),
                StatusIs(absl::StatusCode::kNotFound,
                         HasSubstr(absl::StrCat("no version '", version))));
  }
}

TEST_F(ModelRepositoryTest, AModelThatIsNotLoadedSaysSo) {
  EXPECT_THAT(repository().Find("a", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("in the repository but not loaded")));
}

TEST_F(ModelRepositoryTest, LoadsOfMalformedNamesAreInvalid) {
  for (const std::string& name :
       {std::string(), std::string(".."), std::string("x/../a"),
        std::string("a\0", 2)}) {
    EXPECT_THAT(repository().Load(name, {}),
                StatusIs(absl::StatusCode::kInvalidArgument));
    EXPECT_THAT(repository().Unload(name),
                StatusIs(absl::StatusCode::kInvalidArgument));
  }
  EXPECT_THAT(loader_.requests(), IsEmpty());
}

TEST_F(ModelRepositoryTest, LoadsOfUnknownModelsAreNotFound) {
  EXPECT_THAT(repository().Load("b", {}),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(repository().Unload("b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelRepositoryTest, FollowsALinkedModel) {
  TemporaryFolder elsewhere;
  elsewhere.Write("config.json", "{}");
  std::filesystem::create_directory_symlink(elsewhere.path(),
                                            folder_.path() + "/linked");
  EXPECT_THAT(repository().Load("linked", {}), IsOk());
}

TEST_F(ModelRepositoryTest, BadParametersAreRefusedAtOnce) {
  EXPECT_THAT(repository().Load("a", {{"strikt", true}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("did you mean 'strict'?")));
  EXPECT_THAT(loader_.requests(), IsEmpty());
}

TEST_F(ModelRepositoryTest, ParametersGoBeforeTheModelFileBeforeDefaults) {
  folder_.Write("a/transformerd.json",
                R"({"architecture": "FromFile", "strict": false})");
  options_.defaults.load.architecture = "FromFlags";
  options_.defaults.load.dtype = DType::kF32;
  ASSERT_THAT(repository().Load("a", {{"strict", true}}), IsOk());
  const LoadOptions options = loader_.requests().front().options;
  EXPECT_EQ(options.architecture, "FromFile");
  EXPECT_EQ(options.dtype, DType::kF32);
  EXPECT_TRUE(options.strict);
}

TEST_F(ModelRepositoryTest, TheModelFileSetsServingLimits) {
  folder_.Write("a/transformerd.json", R"({"max_batch_tokens": 99})");
  options_.defaults.serving.max_batch_requests = 7;
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  const ModelHandle handle = *repository().Find("a", "");
  EXPECT_EQ(handle.serving_options().max_batch_tokens, 99);
  EXPECT_EQ(handle.serving_options().max_batch_requests, 7);
}

TEST_F(ModelRepositoryTest, ABadModelFileFailsTheLoad) {
  folder_.Write("a/transformerd.json", R"({"banana": 1})");
  const absl::Status status = repository().Load("a", {});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                               AllOf(HasSubstr("model 'a'"),
                                     HasSubstr("transformerd.json"),
                                     HasSubstr("'banana' is unknown"))));
  EXPECT_THAT(status, HasReason(Reason::kConfigInvalid));
  EXPECT_THAT(IndexRows(), ElementsAre(HasSubstr("'banana' is unknown")));
}

TEST_F(ModelRepositoryTest, AFailedLoadKeepsItsReason) {
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

TEST_F(ModelRepositoryTest, AFailureOfAnotherKindIsAFailedPreconditionLater) {
  loader_.FailWith(absl::ResourceExhaustedError("no room"));
  EXPECT_THAT(repository().Load("a", {}),
              StatusIs(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(
      repository().Find("a", "1"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("no room")));
}

TEST_F(ModelRepositoryTest, AFailedLoadCanBeTriedAgain) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository().Load("a", {}).ok());
  loader_.FailWith(absl::OkStatus());
  EXPECT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 READY "));
}

TEST_F(ModelRepositoryTest, AnUnloadForgetsAFailure) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository().Load("a", {}).ok());
  EXPECT_THAT(repository().Unload("a"), IsOkAndHolds(0));
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 UNAVAILABLE not loaded"));
}

TEST_F(ModelRepositoryTest, AModelThatLoadsIsUnavailableForNow) {
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

TEST_F(ModelRepositoryTest, IdenticalLoadsJoin) {
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

TEST_F(ModelRepositoryTest, JoinedLoadsFailAlike) {
  loader_.Block();
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  Outcome first, second;
  repository().LoadAsync("a", {}, first.load_done());
  repository().LoadAsync("a", {}, second.load_done());
  loader_.Unblock();
  EXPECT_EQ(first.Await(), second.Await());
  EXPECT_THAT(first.Await(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ModelRepositoryTest, ADifferentLoadMeanwhileIsUnavailable) {
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

TEST_F(ModelRepositoryTest, TheLastWaiterCancelsTheLoad) {
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

TEST_F(ModelRepositoryTest, AbandoningOneWaiterLeavesTheOthers) {
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

TEST_F(ModelRepositoryTest, AnUnloadCancelsARunningLoad) {
  loader_.Block();
  Outcome load;
  repository().LoadAsync("a", {}, load.load_done());
  loader_.AwaitLoads(1);
  EXPECT_THAT(repository().Unload("a"), IsOkAndHolds(0));
  EXPECT_THAT(load.Await(), StatusIs(absl::StatusCode::kCancelled,
                                     HasSubstr("by an unload")));
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelRepositoryTest, AnUnloadWaitsForTheLastHandle) {
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

TEST_F(ModelRepositoryTest, UnloadsJoin) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelHandle handle = *repository().Find("a", "");
  Outcome first, second;
  repository().UnloadAsync("a", first.unload_done());
  repository().UnloadAsync("a", second.unload_done());
  handle = ModelHandle();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
}

TEST_F(ModelRepositoryTest, UnloadingWhatIsNotLoadedIsNoError) {
  EXPECT_THAT(repository().Unload("a"), IsOkAndHolds(0));
}

TEST_F(ModelRepositoryTest, AModelWhoseFolderIsGoneCanBeUnloaded) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  std::filesystem::remove_all(folder_.path() + "/a");
  EXPECT_THAT(repository().Find("a", ""), IsOk());
  EXPECT_THAT(repository().Unload("a"), IsOk());
  EXPECT_THAT(repository().Unload("a"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelRepositoryTest, TheOldInstanceServesWhileTheNewOneLoads) {
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

TEST_F(ModelRepositoryTest, AReloadIsAnsweredWhileTheOldInstanceIsInUse) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  ModelHandle old = *repository().Find("a", "");
  EXPECT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_EQ(loader_.models().live_models(), 2);
  old = ModelHandle();
  repository_.reset();
  EXPECT_EQ(loader_.models().live_models(), 0);
}

TEST_F(ModelRepositoryTest, TheOldInstanceStaysWhereTheNewOneFails) {
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

TEST_F(ModelRepositoryTest, LoadsAllVersionsAndPrefersTheNewest) {
  AddModel("v/2");
  AddModel("v/10");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  EXPECT_EQ(repository().Find("v", "")->version(), 10);
  EXPECT_EQ(repository().Find("v", "2")->version(), 2);
  EXPECT_THAT(repository().ReadyVersions("v"), ElementsAre(2, 10));
  EXPECT_THAT(repository().Find("v", "1"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelRepositoryTest, AFailedVersionNamesItself) {
  AddModel("v/1");
  AddModel("v/2");
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  EXPECT_THAT(repository().Load("v", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "model 'v': version 1: bad"));
}

TEST_F(ModelRepositoryTest, AReloadForgetsVersionsThatAreGone) {
  AddModel("v/1");
  AddModel("v/2");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  std::filesystem::remove_all(folder_.path() + "/v/1");
  ASSERT_THAT(repository().Load("v", {}), IsOk());
  EXPECT_THAT(repository().ReadyVersions("v"), ElementsAre(2));
  EXPECT_THAT(repository().Find("v", "1"),
              StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelRepositoryTest, RefusesWhatDoesNotFitBeforeLoadingIt) {
  folder_.Write("a/model.safetensors", std::string(101, 'x'));
  options_.host_memory_limit_bytes = 100;
  const absl::Status status = repository().Load("a", {});
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kResourceExhausted,
                               AllOf(HasSubstr("101"), HasSubstr("100"))));
  EXPECT_THAT(status, HasReason(Reason::kResourceLimit));
  EXPECT_THAT(loader_.requests(), IsEmpty());
}

TEST_F(ModelRepositoryTest, CallsMayNotControlModelsUnlessAllowed) {
  options_.allow_control = false;
  EXPECT_THAT(repository().Load("a", {}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("--model_control_mode=explicit")));
  EXPECT_THAT(repository().Unload("a"),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(ModelRepositoryTest, LoadsEverythingAtStart) {
  AddModel("b");
  options_.allow_control = false;
  loader_.Block();
  repository().LoadAtStart({"*"});
  EXPECT_THAT(repository().Readiness(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("2 of 2 models are not ready")));
  loader_.Unblock();
  while (!repository().Readiness().ok()) std::this_thread::yield();
  EXPECT_THAT(IndexRows(), ElementsAre("a/1 READY ", "b/1 READY "));
}

TEST_F(ModelRepositoryTest, AnUnknownModelAtStartLeavesTheOthersServing) {
  repository().LoadAtStart({"a", "none"});
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_THAT(repository().Readiness(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("1 of 2 models are not ready: model 'none' "
                                 "is not in the repository")));
}

TEST_F(ModelRepositoryTest, ReadinessAnyIsContentWithOne) {
  options_.readiness = ReadinessPolicy::kAny;
  repository().LoadAtStart({"none", "a"});
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  EXPECT_THAT(repository().Readiness(), IsOk());
}

TEST_F(ModelRepositoryTest, LoadingMoreNeverEndsReadiness) {
  EXPECT_THAT(repository().Readiness(), IsOk());
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  EXPECT_FALSE(repository().Load("a", {}).ok());
  EXPECT_THAT(repository().Readiness(), IsOk());
}

TEST_F(ModelRepositoryTest, AnUnloadedModelIsNotWaitedForAnyMore) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  repository().LoadAtStart({"a"});
  EXPECT_FALSE(repository().Readiness().ok());
  ASSERT_THAT(repository().Unload("a"), IsOk());
  EXPECT_THAT(repository().Readiness(), IsOk());
}

TEST_F(ModelRepositoryTest, ALoadThatWaitsForItsTurnCanBeCancelled) {
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

TEST_F(ModelRepositoryTest, ShutdownCancelsLoadsAndFreesModels) {
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

TEST_F(ModelRepositoryTest, ErrorsShowNoAbsolutePaths) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  folder_.Write("c/transformerd.json", "[]");
  EXPECT_THAT(repository().Load("a", {}).ToString(),
              Not(HasSubstr(folder_.path())));
  EXPECT_THAT(repository().Load("c", {}).ToString(),
              Not(HasSubstr(folder_.path())));
  EXPECT_THAT(repository().Find("none", "").status().ToString(),
              Not(HasSubstr(folder_.path())));
}

TEST_F(ModelRepositoryTest, StaysConsistentUnderConcurrentCalls) {
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
