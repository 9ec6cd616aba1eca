// Views and plans of ModelRepository.
#include <future>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "server/lifecycle/model_repository.h"
#include "tests/matchers/status_matchers.h"
#include "tests/server/lifecycle/repository_fixture.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelQueriesTest : public RepositoryFixture {
 protected:
  absl::StatusOr<RepositoryPlan> Plan(const std::string& name,
                                      const std::string& version = "",
                                      const LoadParameters& parameters = {}) {
    std::promise<absl::StatusOr<RepositoryPlan>> plan;
    repository().PlanAsync(name, version, parameters,
                           [&plan](absl::StatusOr<RepositoryPlan> made) {
                             plan.set_value(std::move(made));
                           });
    return plan.get_future().get();
  }
};

TEST_F(ModelQueriesTest, ViewsAModelThatWasNeverLoaded) {
  ASSERT_OK_AND_ASSIGN(const ModelView view, repository().View("a"));
  EXPECT_THAT(view.versions, IsEmpty());
  EXPECT_EQ(view.load, nullptr);
}

TEST_F(ModelQueriesTest, DoesNotViewWhatIsNotThere) {
  EXPECT_THAT(repository().View("b"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(repository().View(".."),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ModelQueriesTest, AViewShowsTheLoadThatRuns) {
  loader_.Block();
  Outcome load;
  const LoadTicket ticket = repository().LoadAsync("a", {}, load.load_done());
  loader_.AwaitLoads(1);

  ASSERT_OK_AND_ASSIGN(const ModelView view, repository().View("a"));

  ASSERT_NE(view.load, nullptr);
  EXPECT_EQ(view.load->operation(), ticket.operation);
  EXPECT_EQ(view.load->outcome(), std::nullopt);
  ASSERT_THAT(view.load->versions(), SizeIs(1));
  loader_.Unblock();
  EXPECT_THAT(load.Await(), IsOk());
  EXPECT_THAT(*view.load->outcome(), IsOk());
}

TEST_F(ModelQueriesTest, AnEndedLoadIsSeenUntilTheNextOne) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository().Load("a", {}).ok());
  ASSERT_OK_AND_ASSIGN(const ModelView failed, repository().View("a"));
  EXPECT_THAT(
      *failed.load->outcome(),
      StatusIs(absl::StatusCode::kFailedPrecondition, "model 'a': bad"));
  loader_.FailWith(absl::OkStatus());
  ASSERT_THAT(repository().Load("a", {}), IsOk());

  ASSERT_OK_AND_ASSIGN(const ModelView ready, repository().View("a"));

  EXPECT_GT(ready.load->operation(), failed.load->operation());
  EXPECT_THAT(*ready.load->outcome(), IsOk());
  EXPECT_EQ(ready.versions[0].state, ModelState::kReady);
}

TEST_F(ModelQueriesTest, JoinedLoadsAreOneOperation) {
  loader_.Block();
  Outcome first, second;
  const auto a = repository().LoadAsync("a", {}, first.load_done());
  const auto b = repository().LoadAsync("a", {}, second.load_done());
  EXPECT_EQ(a.operation, b.operation);
  EXPECT_NE(a.id, b.id);
  loader_.Unblock();
  EXPECT_THAT(first.Await(), IsOk());
  EXPECT_THAT(second.Await(), IsOk());
}

TEST_F(ModelQueriesTest, PlansAllVersionsAndLoadsNone) {
  AddModel("v/1");
  AddModel("v/3");
  PlannedLoad planned;
  planned.host = {/*weight_bytes=*/40, /*staging_bytes=*/5};
  loader_.SetPlan(planned);
  options_.host_memory_limit_bytes = 85;

  ASSERT_OK_AND_ASSIGN(const RepositoryPlan plan, Plan("v"));

  EXPECT_THAT(plan.versions, SizeIs(2));
  EXPECT_EQ(plan.host.total(), 85);
  EXPECT_EQ(plan.room->bytes, 85);
  EXPECT_TRUE(plan.fits());
  EXPECT_THAT(loader_.requests(), IsEmpty());
}

TEST_F(ModelQueriesTest, PlansTheVersionThatIsNamed) {
  AddModel("v/1");
  AddModel("v/3");
  ASSERT_OK_AND_ASSIGN(const RepositoryPlan plan, Plan("v", "3"));
  EXPECT_EQ(plan.versions.begin()->first, 3);
  EXPECT_THAT(plan.versions, SizeIs(1));
  EXPECT_THAT(Plan("v", "2"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(Plan("v", "x"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelQueriesTest, APlanSaysThatTheMemoryDoesNotSuffice) {
  PlannedLoad planned;
  planned.host = {/*weight_bytes=*/40, /*staging_bytes=*/5};
  loader_.SetPlan(planned);
  options_.host_memory_limit_bytes = 44;
  ASSERT_OK_AND_ASSIGN(const RepositoryPlan plan, Plan("a"));
  EXPECT_FALSE(plan.fits());
}

TEST_F(ModelQueriesTest, APlanSaysThatKeysDoNotFit) {
  PlannedLoad planned;
  planned.mismatch.missing = {"x"};
  loader_.SetPlan(planned);
  ASSERT_OK_AND_ASSIGN(const RepositoryPlan plan, Plan("a"));
  EXPECT_FALSE(plan.fits());
}

TEST_F(ModelQueriesTest, APlanFailsAsTheLoadWould) {
  loader_.FailWith(LoadError(Reason::kTruncated, "too short"));
  const auto plan = Plan("a");
  EXPECT_THAT(plan, StatusIs(absl::StatusCode::kFailedPrecondition,
                             "model 'a': too short"));
  EXPECT_THAT(plan, HasReason(Reason::kTruncated));
  EXPECT_THAT(Plan("a", "", {{"strct", true}}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("strct")));
  EXPECT_THAT(Plan("b"), StatusIs(absl::StatusCode::kNotFound));
}

TEST_F(ModelQueriesTest, PlansWhereCallsMayNotLoad) {
  options_.allow_control = false;
  EXPECT_THAT(Plan("a"), IsOk());
}

TEST_F(ModelQueriesTest, APlanFitsWhereEachGpuHasRoomForAllVersions) {
  RepositoryPlan plan;
  plan.versions[1].device_bytes = {{"cuda:0", 40}, {"cuda:1", 40}};
  plan.versions[1].device_free_bytes = {{"cuda:0", 80}, {"cuda:1", 80}};
  EXPECT_TRUE(plan.fits());

  plan.versions[2] = plan.versions[1];
  EXPECT_TRUE(plan.fits());

  plan.versions[2].device_bytes["cuda:1"] = 41;
  EXPECT_FALSE(plan.fits());

  for (auto& [version, planned] : plan.versions) {
    planned.device_free_bytes.clear();  // nobody knows
  }
  EXPECT_TRUE(plan.fits());
}

}  // namespace
}  // namespace transformerd
