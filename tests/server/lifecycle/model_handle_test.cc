#include "server/lifecycle/model_handle.h"

#include <memory>
#include <thread>
#include <utility>

#include "absl/synchronization/notification.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_loaded_model.h"

namespace transformerd {
namespace {

class ModelHandleTest : public ::testing::Test {
 protected:
  static ModelInstance::Options Options() {
    ModelInstance::Options options;
    options.name = "minilm";
    options.version = 3;
    return options;
  }

  const std::shared_ptr<FakeModelControl> control_ =
      std::make_shared<FakeModelControl>();
  std::shared_ptr<ModelInstance> instance_ = std::make_shared<ModelInstance>(
      Options(), std::make_unique<FakeLoadedModel>(control_),
      ResidencyBudget::Reservation());
};

TEST_F(ModelHandleTest, NamesItsInstance) {
  const ModelHandle handle(instance_);
  EXPECT_TRUE(handle);
  EXPECT_EQ(handle.name(), "minilm");
  EXPECT_EQ(handle.version(), 3);
  EXPECT_FALSE(ModelHandle());
}

TEST_F(ModelHandleTest, ReleaseDestroysTheModelAtOnceWhereNobodyUsesIt) {
  { const ModelHandle handle(instance_); }
  instance_->Release();
  EXPECT_EQ(control_->live_models(), 0);
}

TEST_F(ModelHandleTest, ReleaseWaitsForTheLastCopy) {
  ModelHandle first(instance_);
  ModelHandle second = first;
  absl::Notification released;
  std::thread thread([&] {
    instance_->Release();
    released.Notify();
  });
  first = ModelHandle();
  EXPECT_EQ(control_->live_models(), 1);
  EXPECT_FALSE(released.HasBeenNotified());
  second = ModelHandle();
  thread.join();
  EXPECT_EQ(control_->live_models(), 0);
}

TEST_F(ModelHandleTest, ASharedModelCountsAsAHandle) {
  std::shared_ptr<LoadedModel> model = ModelHandle(instance_).shared_model();
  absl::Notification released;
  std::thread thread([&] {
    instance_->Release();
    released.Notify();
  });
  EXPECT_FALSE(released.HasBeenNotified());
  model.reset();
  thread.join();
  EXPECT_EQ(control_->live_models(), 0);
}

TEST_F(ModelHandleTest, OutlivesEverybodyElse) {
  ModelHandle handle(std::exchange(instance_, nullptr));
  EXPECT_EQ(handle.model().report().replicas,
            handle.shared_model()->report().replicas);
}

}  // namespace
}  // namespace transformerd
