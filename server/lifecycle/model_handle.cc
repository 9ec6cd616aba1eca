#include "server/lifecycle/model_handle.h"

#include <utility>

namespace transformerd {

ModelHandle::ModelHandle(std::shared_ptr<ModelInstance> instance)
    : instance_(std::move(instance)) {
  instance_->AddHandle();
  // The deleter runs when the last copy goes, and keeps the instance, with its
  // counter, for as long.
  model_ = std::shared_ptr<LoadedModel>(
      &instance_->model(),
      [instance = instance_](LoadedModel*) { instance->DropHandle(); });
}

}  // namespace transformerd
