#include "server/repository_events.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class RepositoryEventsTest : public ::testing::Test {
 protected:
  RepositoryEventsTest() {
    folder_.Write("a/config.json", "{}");
    ModelRepository::Options options;
    options.root = folder_.path();
    repository_ = *ModelRepository::Create(options, loader_, &events_);
    events_.Attach(*repository_);
  }

  TemporaryFolder folder_;
  FakeModelLoader loader_;
  Metrics metrics_{"0"};
  HealthState health_;
  RepositoryEvents events_{metrics_, health_};
  std::unique_ptr<ModelRepository> repository_;
};

TEST_F(RepositoryEventsTest, AModelServesFromItsLoadToItsUnload) {
  EXPECT_EQ(health_.Get("model/a"), std::nullopt);
  ASSERT_THAT(repository_->Load("a", {}), IsOk());
  EXPECT_EQ(health_.Get("model/a"), true);
  ASSERT_THAT(repository_->Unload("a"), IsOk());
  EXPECT_EQ(health_.Get("model/a"), false);
}

TEST_F(RepositoryEventsTest, AFailedModelDoesNotServe) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  ASSERT_FALSE(repository_->Load("a", {}).ok());
  EXPECT_EQ(health_.Get("model/a"), false);
}

TEST_F(RepositoryEventsTest, ReadinessComesWithTheModelsAskedForAtStart) {
  loader_.Block();
  repository_->LoadAtStart({"a"});
  events_.UpdateReadiness();
  EXPECT_EQ(health_.Get(kHealthReadiness), false);
  loader_.Unblock();
  ASSERT_THAT(repository_->Load("a", {}), IsOk());
  EXPECT_EQ(health_.Get(kHealthReadiness), true);
  EXPECT_EQ(health_.Get(kHealthOverall), true);
}

TEST_F(RepositoryEventsTest, ReadinessComesWithTheUnloadOfWhatFailed) {
  loader_.FailWith(absl::FailedPreconditionError("bad"));
  repository_->LoadAtStart({"a", "none"});
  ASSERT_THAT(repository_->Unload("a"), IsOk());
  EXPECT_EQ(health_.Get(kHealthReadiness), false);
  ASSERT_THAT(repository_->Unload("none"), IsOk());
  EXPECT_EQ(health_.Get(kHealthReadiness), true);
}

TEST_F(RepositoryEventsTest, MetricsFollowTheModel) {
  ASSERT_THAT(repository_->Load("a", {}), IsOk());
  const std::string labels = "{model=\"a\",version=\"1\"} ";
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr("transformerd_model_state" + labels + "2\n"));
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr("transformerd_model_weight_bytes" + labels + "1000\n"));
  ASSERT_THAT(repository_->Unload("a"), IsOk());
  EXPECT_THAT(metrics_.Expose(),
              HasSubstr("transformerd_model_state" + labels + "0\n"));
  EXPECT_THAT(metrics_.Expose(),
              Not(HasSubstr("transformerd_model_weight_bytes{")));
}

TEST_F(RepositoryEventsTest, AReloadKeepsTheGauges) {
  ASSERT_THAT(repository_->Load("a", {}), IsOk());
  ASSERT_THAT(repository_->Load("a", {}), IsOk());
  EXPECT_THAT(metrics_.Expose(), HasSubstr("transformerd_model_weight_bytes{"));
}

}  // namespace
}  // namespace transformerd
