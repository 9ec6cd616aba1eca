#include "server/services/model_queues.h"

#include <memory>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/lifecycle/model_repository.h"
#include "server/metrics/metrics.h"
#include "server/scheduling/scheduler.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/fake_model_loader.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

class ModelQueuesTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_.Write("bert/config.json", "{}");
    ModelRepository::Options options;
    options.root = folder_.path();
    ASSERT_OK_AND_ASSIGN(repository_,
                         ModelRepository::Create(options, loader_, nullptr));
    ASSERT_THAT(repository_->Load("bert", {}), IsOk());
  }

  ModelHandle Find() { return *repository_->Find("bert", ""); }

  TemporaryFolder folder_;
  FakeClock clock_;
  FakeModelLoader loader_;
  Metrics metrics_{"1.2.3"};
  Scheduler scheduler_{/*num_workers=*/1, clock_};
  std::unique_ptr<ModelRepository> repository_;
  ModelQueues queues_{scheduler_, metrics_};
};

TEST_F(ModelQueuesTest, OneInstanceHasOneQueue) {
  const auto first = queues_.Get(Find());
  const auto second = queues_.Get(Find());

  EXPECT_EQ(first->id(), second->id());
  ASSERT_THAT(scheduler_.depths(), SizeIs(1));
  EXPECT_EQ(scheduler_.depths()[0].model, "bert");
  EXPECT_EQ(scheduler_.depths()[0].version, "1");
}

TEST_F(ModelQueuesTest, AReloadedModelHasAnotherQueue) {
  const auto before = queues_.Get(Find());
  ASSERT_THAT(repository_->Load("bert", {}), IsOk());

  const auto after = queues_.Get(Find());

  EXPECT_NE(before->id(), after->id());
}

TEST_F(ModelQueuesTest, AQueueEndsWithItsLastUser) {
  auto first = queues_.Get(Find());
  auto second = queues_.Get(Find());

  first.reset();
  EXPECT_THAT(scheduler_.depths(), SizeIs(1));

  second.reset();
  EXPECT_THAT(scheduler_.depths(), IsEmpty());
}

TEST_F(ModelQueuesTest, AQueueOpensAnewForALaterRequest) {
  queues_.Get(Find()).reset();

  const auto queue = queues_.Get(Find());

  EXPECT_THAT(scheduler_.depths(), SizeIs(1));
}

TEST_F(ModelQueuesTest, AQueueKeepsTheModelInMemory) {
  auto queue = queues_.Get(Find());
  bool is_unloaded = false;
  absl::Mutex mutex;
  repository_->UnloadAsync("bert", [&](const absl::StatusOr<int64_t>&) {
    absl::MutexLock lock(&mutex);
    is_unloaded = true;
  });
  EXPECT_EQ(loader_.models().live_models(), 1);

  queue.reset();

  absl::MutexLock lock(&mutex, absl::Condition(&is_unloaded));
  EXPECT_EQ(loader_.models().live_models(), 0);
}

}  // namespace
}  // namespace transformerd
