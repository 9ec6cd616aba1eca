// Keeps a ready model alive while a request uses it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "model/runtime/loaded_model.h"
#include "server/lifecycle/model_instance.h"
#include "server/lifecycle/serving_options.h"

namespace transformerd {

// Names an instance and holds it in memory; unloading waits until every copy
// is gone. Cheap to copy. A default-constructed or moved-from handle holds
// nothing and must not be asked. Different copies may be used by different
// threads.
class ModelHandle {
 public:
  ModelHandle() = default;
  explicit ModelHandle(std::shared_ptr<ModelInstance> instance);

  explicit operator bool() const { return model_ != nullptr; }

  const std::string& name() const { return instance_->name(); }
  int64_t version() const { return instance_->version(); }
  // Different for any two instances, also of the same name and version.
  int64_t generation() const { return instance_->generation(); }
  const ServingOptions& serving_options() const {
    return instance_->serving_options();
  }
  LoadedModel& model() const { return *model_; }

  // The model, counted as a handle like this one.
  const std::shared_ptr<LoadedModel>& shared_model() const { return model_; }

 private:
  // Destroyed in reverse order: the count goes down while the instance, which
  // does the counting, is still there.
  std::shared_ptr<ModelInstance> instance_;
  std::shared_ptr<LoadedModel> model_;
};

}  // namespace transformerd
