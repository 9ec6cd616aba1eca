// ModelRepository over a file system that does not answer, or only late.
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lifecycle/model_repository.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/lifecycle/repository_fixture.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class HungFolderTest : public RepositoryFixture {
 protected:
  ~HungFolderTest() override { folders_.Unblock(); }
};

TEST_F(HungFolderTest, HoldsUpNobodyWhoAsks) {
  ASSERT_THAT(repository().Load("a", {}), IsOk());
  AddModel("b");
  Look();
  folders_.Block();
  repository().LookAsync(nullptr);
  folders_.AwaitBlockedCall();

  EXPECT_THAT(repository().Find("a", ""), IsOk());
  EXPECT_THAT(
      repository().Find("b", ""),
      StatusIs(absl::StatusCode::kNotFound, HasSubstr("but not loaded")));
  EXPECT_THAT(repository().Find("none", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("is not in the repository")));
  EXPECT_THAT(repository().View("b"), IsOk());
  EXPECT_THAT(repository().View("none"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(IndexRows(),
              ElementsAre("a/1 READY ", "b/1 UNAVAILABLE not loaded"));
}

TEST_F(HungFolderTest, HoldsUpOperationsAndNotThoseWhoStartThem) {
  AddModel("b");
  repository();
  folders_.Block();
  Outcome load, unload;
  absl::Notification planned;
  repository().LoadAsync("a", {}, load.load_done());
  repository().UnloadAsync("b", unload.unload_done());
  repository().PlanAsync("b", "", {}, [&](const auto&) { planned.Notify(); });
  folders_.AwaitBlockedCall();
  EXPECT_FALSE(load.is_known());
  EXPECT_FALSE(unload.is_known());
  EXPECT_FALSE(planned.HasBeenNotified());

  folders_.Unblock();
  EXPECT_THAT(load.Await(), IsOk());
  EXPECT_THAT(unload.Await(), IsOk());
  planned.WaitForNotification();
}

TEST_F(HungFolderTest, LoadsAFolderThatIsNewerThanTheLastLook) {
  repository();
  AddModel("new");
  EXPECT_THAT(repository().Load("new", {}), IsOk());
  EXPECT_THAT(repository().Find("new", ""), IsOk());
  EXPECT_THAT(IndexRows(),
              ElementsAre("a/1 UNAVAILABLE not loaded", "new/1 READY "));
}

TEST_F(HungFolderTest, SaysThatAModelLoadsWhoseFolderNoLookHasSeen) {
  repository();
  AddModel("new");
  folders_.Block();
  Outcome load;
  repository().LoadAsync("new", {}, load.load_done());
  EXPECT_THAT(repository().Find("new", ""),
              StatusIs(absl::StatusCode::kUnavailable));
  folders_.Unblock();
  EXPECT_THAT(load.Await(), IsOk());
}

// A name that is wrong leaves nothing behind.
TEST_F(HungFolderTest, ForgetsTheLoadOfAModelThatIsNotThere) {
  const absl::Status status = repository().Load("none", {});
  EXPECT_EQ(status.message(), "model 'none' is not in the repository");
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(repository().View("none"), StatusIs(absl::StatusCode::kNotFound));
}

}  // namespace
}  // namespace transformerd
