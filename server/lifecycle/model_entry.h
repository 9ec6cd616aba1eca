// One version of a model in the repository.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "model/loading/load_control.h"
#include "server/lifecycle/model_instance.h"
#include "server/lifecycle/model_state.h"

namespace transformerd {

// The state of one (name, version), why it is in it, and what it holds. Not
// thread-safe: the repository guards it.
class ModelEntry {
 public:
  ModelState state() const { return state_; }
  // Null unless kReady.
  const std::shared_ptr<ModelInstance>& instance() const { return instance_; }

  // A load begins; a ready entry stays ready. `control` is the load's.
  void BeginLoad(std::shared_ptr<LoadControl> control);
  // It went well: returns the instance that was there before, if any.
  std::shared_ptr<ModelInstance> FinishLoad(
      std::shared_ptr<ModelInstance> instance);
  // It did not, or was cancelled; a ready entry stays ready.
  void FailLoad(absl::Status failure);
  void CancelLoad();

  // Nobody finds it any more: returns the instance, whose handles have to be
  // waited for before Unloaded. Only of a ready entry.
  std::shared_ptr<ModelInstance> BeginDrain();
  // Nothing is left of it. Of a draining or failed entry.
  void Unloaded();

  // Why the last load failed, OK where it did not.
  const absl::Status& failure() const { return failure_; }
  // For people: why it failed, with the full report; how far a load is.
  std::string Reason() const;

 private:
  void SetState(ModelState state);

  ModelState state_ = ModelState::kUnloaded;
  absl::Status failure_;
  std::shared_ptr<ModelInstance> instance_;
  std::shared_ptr<LoadControl> control_;  // null unless a load runs
};

// The part of the weights that a load has read, from 0 to 1.
double ShareRead(const LoadProgress& progress);

// How far a load is, in words: "LOADING 61% 1.9/3.1 GB, 1.80 GB/s, 0.7 s left".
std::string DescribeProgress(const LoadProgress& progress);

}  // namespace transformerd
