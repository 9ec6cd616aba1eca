// Loads fake models from folders that need not exist.
#pragma once

#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "model/runtime/loaded_model.h"
#include "tests/fakes/fake_loaded_model.h"

namespace transformerd {

// Thread-safe.
class FakeModelLoader : public ModelLoader {
 public:
  explicit FakeModelLoader(int num_workers = 1);

  int num_workers() const override { return num_workers_; }
  std::string device(int) const override { return "cpu"; }
  absl::StatusOr<std::unique_ptr<LoadedModel>> Load(
      const LoadRequest& request, LoadControl& control) override;
  absl::StatusOr<PlannedLoad> Plan(const LoadRequest& request) override;

  // Loads that begin between the two wait, but for the first `free_loads`,
  // unless they are cancelled; or, in a collective, whether they are cancelled
  // or not.
  void Block(int free_loads = 0);
  void BlockInCollective();
  void Unblock();
  // Loads fail with this from now on; an OK status heals.
  void FailWith(absl::Status status);

  // What Plan answers from now on. Loads ask for admission with its host bytes;
  // those of a new loader are 1000 of weights.
  void SetPlan(PlannedLoad plan);

  // Blocks until `count` loads have begun, over all time.
  void AwaitLoads(int count) const;
  // All requests so far, in that order.
  std::vector<LoadRequest> requests() const;
  // Shared by all models of this loader.
  FakeModelControl& models() { return *models_; }

 private:
  absl::Status AwaitUnblocked(int load, const LoadControl& control);
  void AwaitCollective();

  const int num_workers_;
  const std::shared_ptr<FakeModelControl> models_ =
      std::make_shared<FakeModelControl>();
  mutable absl::Mutex mutex_;
  // Later ones wait.
  int last_free_load_ ABSL_GUARDED_BY(mutex_) = std::numeric_limits<int>::max();
  bool blocked_in_collective_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  PlannedLoad plan_ ABSL_GUARDED_BY(mutex_);
  std::vector<LoadRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
