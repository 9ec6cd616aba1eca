#include "server/lifecycle/model_instance.h"

#include <malloc.h>

#include <utility>

#include "glog/logging.h"

namespace transformerd {

ModelInstance::ModelInstance(Options options,
                             std::unique_ptr<LoadedModel> model,
                             ResidencyBudget::Reservation reservation)
    : options_(std::move(options)),
      report_(model->report()),
      reservation_(std::move(reservation)),
      model_(std::move(model)) {}

void ModelInstance::AddHandle() {
  absl::MutexLock lock(&mutex_);
  ++handles_;
}

void ModelInstance::DropHandle() {
  absl::MutexLock lock(&mutex_);
  CHECK_GT(handles_, 0);
  --handles_;
}

int64_t ModelInstance::Release() {
  CHECK(model_ != nullptr);
  const auto unused = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return handles_ == 0;
  };
  mutex_.LockWhen(absl::Condition(&unused));
  mutex_.Unlock();

  model_.reset();
  reservation_ = ResidencyBudget::Reservation();
  // Small allocations of the model leave holes in the heap, which the C
  // library keeps otherwise.
  malloc_trim(0);
  return report_.weight_bytes * report_.replicas;
}

}  // namespace transformerd
