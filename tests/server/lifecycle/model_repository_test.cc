#include "server/lifecycle/model_repository.h"

#include <filesystem>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/lifecycle/repository_fixture.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

using ModelRepositoryTest = RepositoryFixture;

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
  ASSERT_THAT(repository().Load("none", {}),
              StatusIs(absl::StatusCode::kNotFound));
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

TEST_F(ModelRepositoryTest, NothingToServeAndNoWayToLoadIsNotReady) {
  std::filesystem::remove_all(folder_.PathOf("a"));
  options_.allow_control = false;
  repository().LoadAtStart({"*"});
  EXPECT_THAT(repository().Readiness(),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("is its volume mounted?")));
}

TEST_F(ModelRepositoryTest, WhoeverComesAfterTheEndMayTryElsewhere) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  repository().Shutdown();
  const absl::Status late = repository().Find("a", "").status();
  EXPECT_THAT(late, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_TRUE(RetryDelayOf(late).has_value());
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

}  // namespace
}  // namespace transformerd
