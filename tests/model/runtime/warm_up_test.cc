#include "model/runtime/warm_up.h"

#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_loaded_model.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

constexpr int kNumWorkers = 3;

// A model whose workers do something else than answer, once a test says so.
class SpoiltModel : public FakeLoadedModel {
 public:
  void OnRun(int worker, std::function<absl::Status()> action) {
    actions_[worker] = std::move(action);
  }
  absl::StatusOr<std::vector<InferenceOutput>> Run(
      int worker, absl::Span<const InferenceInput* const> batch) override {
    auto answers = FakeLoadedModel::Run(worker, batch);
    const auto action = actions_.find(worker);
    if (action == actions_.end()) return answers;
    const absl::Status status = action->second();
    if (!status.ok()) return status;
    return answers;
  }

  std::vector<int> workers() {
    std::vector<int> workers;
    for (const auto& batch : control().batches()) {
      workers.push_back(batch.worker);
    }
    return workers;
  }

 private:
  std::map<int, std::function<absl::Status()>> actions_;
};

class WarmUpTest : public testing::Test {
 protected:
  absl::Status Run() { return WarmUp(model_, kNumWorkers, control_); }

  SpoiltModel model_;
  LoadControl control_;
};

TEST_F(WarmUpTest, EachWorkerAnswersOnce) {
  EXPECT_THAT(Run(), IsOk());
  EXPECT_THAT(model_.workers(), ElementsAre(0, 1, 2));
}

TEST_F(WarmUpTest, AWorkerThatFailsIsNamed) {
  model_.OnRun(1, [] { return absl::ResourceExhaustedError("no memory"); });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kResourceExhausted,
                              "warm-up of worker 1: no memory"));
  EXPECT_THAT(model_.workers(), ElementsAre(0, 1));
}

TEST_F(WarmUpTest, AWorkerThatThrowsIsNamed) {
  model_.OnRun(2, []() -> absl::Status { throw std::runtime_error("thrown"); });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInternal,
                              "warm-up of worker 2: thrown"));
}

TEST_F(WarmUpTest, ACancellationSparesTheNextWorker) {
  model_.OnRun(0, [this] {
    control_.Cancel(absl::CancelledError("unloaded"));
    return absl::OkStatus();
  });
  EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kCancelled, "unloaded"));
  EXPECT_THAT(model_.workers(), ElementsAre(0));
}

}  // namespace
}  // namespace transformerd
