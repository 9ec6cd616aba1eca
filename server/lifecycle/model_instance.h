// One load's outcome: a model in memory and how it is served.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "model/runtime/loaded_model.h"
#include "server/lifecycle/residency_budget.h"
#include "server/lifecycle/serving_options.h"

namespace transformerd {

// Owns the model. Thread-safe.
class ModelInstance {
 public:
  struct Options {
    std::string name;
    int64_t version = 1;
    int64_t generation = 0;
    ServingOptions serving_options;
  };

  ModelInstance(Options options, std::unique_ptr<LoadedModel> model,
                ResidencyBudget::Reservation reservation);

  ModelInstance(const ModelInstance&) = delete;
  ModelInstance& operator=(const ModelInstance&) = delete;

  const std::string& name() const { return options_.name; }
  int64_t version() const { return options_.version; }
  int64_t generation() const { return options_.generation; }
  const ServingOptions& serving_options() const {
    return options_.serving_options;
  }

  // Of the finished load; stays after Release.
  const LoadReport& report() const { return report_; }

  // The model, and the counting of those who use it. Not after Release.
  LoadedModel& model() const { return *model_; }
  void AddHandle() ABSL_LOCKS_EXCLUDED(mutex_);
  void DropHandle() ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until nobody uses the model, then destroys it; returns the bytes of
  // weights that came back. Whoever calls it has made sure that no new handles
  // appear. Once.
  int64_t Release() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const Options options_;
  const LoadReport report_;
  // Destroyed after the model, whose bytes it stands for.
  ResidencyBudget::Reservation reservation_;
  std::unique_ptr<LoadedModel> model_;

  absl::Mutex mutex_;
  int64_t handles_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace transformerd
