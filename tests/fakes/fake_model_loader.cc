#include "tests/fakes/fake_model_loader.h"

#include <utility>

#include "absl/time/time.h"
#include "model/base/status_macros.h"

namespace transformerd {

FakeModelLoader::FakeModelLoader(int num_workers) : num_workers_(num_workers) {
  plan_.architecture = "FakeModel";
  plan_.host.weight_bytes = 1000;
}

absl::StatusOr<std::unique_ptr<LoadedModel>> FakeModelLoader::Load(
    const LoadRequest& request, LoadControl& control) {
  // First, so that whoever waits for the load finds it in its plan.
  control.SetPhase(LoadPhase::kPlan);
  control.SetTotals(/*tensors=*/10, /*bytes=*/1000);
  control.BeginCollective(/*rank=*/0);
  MemoryNeed need;
  int load = 0;
  {
    absl::MutexLock lock(&mutex_);
    requests_.push_back(request);
    load = static_cast<int>(requests_.size());
    need = plan_.host;
  }
  AwaitCollective();
  control.EndCollective(/*rank=*/0);
  RETURN_IF_ERROR(AwaitUnblocked(load, control));
  if (request.admit) RETURN_IF_ERROR(request.admit(need));
  control.SetPhase(LoadPhase::kStream);
  control.Advance(/*tensors=*/10, /*bytes=*/1000);
  control.SetPhase(LoadPhase::kDone);
  return std::make_unique<FakeLoadedModel>(models_);
}

absl::StatusOr<PlannedLoad> FakeModelLoader::Plan(const LoadRequest&) {
  absl::MutexLock lock(&mutex_);
  RETURN_IF_ERROR(failure_);
  return plan_;
}

void FakeModelLoader::SetPlan(PlannedLoad plan) {
  absl::MutexLock lock(&mutex_);
  plan_ = std::move(plan);
}

absl::Status FakeModelLoader::AwaitUnblocked(int load,
                                             const LoadControl& control) {
  absl::MutexLock lock(&mutex_);
  const auto is_free = [this, load]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return load <= last_free_load_;
  };
  // A cancellation wakes nobody: loads look for it now and then, as real ones
  // do between two buckets.
  while (!mutex_.AwaitWithTimeout(absl::Condition(&is_free),
                                  absl::Milliseconds(1))) {
    RETURN_IF_ERROR(control.CheckNotCancelled());
  }
  RETURN_IF_ERROR(control.CheckNotCancelled());
  return failure_;
}

void FakeModelLoader::AwaitCollective() {
  const auto is_free = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return !blocked_in_collective_;
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&is_free));
}

void FakeModelLoader::BlockInCollective() {
  absl::MutexLock lock(&mutex_);
  blocked_in_collective_ = true;
}

void FakeModelLoader::Block(int free_loads) {
  absl::MutexLock lock(&mutex_);
  last_free_load_ = static_cast<int>(requests_.size()) + free_loads;
}

void FakeModelLoader::Unblock() {
  absl::MutexLock lock(&mutex_);
  last_free_load_ = std::numeric_limits<int>::max();
  blocked_in_collective_ = false;
}

void FakeModelLoader::FailWith(absl::Status status) {
  absl::MutexLock lock(&mutex_);
  failure_ = std::move(status);
}

void FakeModelLoader::AwaitLoads(int count) const {
  const auto have_begun = [this, count]() ABSL_NO_THREAD_SAFETY_ANALYSIS {
    return static_cast<int>(requests_.size()) >= count;
  };
  absl::MutexLock lock(&mutex_, absl::Condition(&have_begun));
}

std::vector<LoadRequest> FakeModelLoader::requests() const {
  absl::MutexLock lock(&mutex_);
  return requests_;
}

}  // namespace transformerd
