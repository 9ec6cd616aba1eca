// What a watcher of a model hears next. No protocol and no time of its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "proto/model_service.pb.h"
#include "server/lifecycle/model_repository.h"

namespace transformerd {

// Looks at a model when it is asked to, and tells what has happened since the
// last look: the phases that a load went through, however short, how far it is
// while it reads weights, its outcome; and where no load runs, changes of
// state.
//
// Not thread-safe.
class ModelWatch {
 public:
  // With `follow`, goes on after the end of a load. `repository` must outlive
  // the watch.
  ModelWatch(const ModelRepository& repository, std::string model, bool follow)
      : repository_(repository), model_(std::move(model)), follow_(follow) {}

  // NOT_FOUND or INVALID_ARGUMENT where there is no such model.
  absl::StatusOr<std::vector<v1::WatchModelResponse>> Look();

  // Nothing will follow what Look has returned.
  bool is_over() const { return is_over_; }
  // A load is being told of, whose end is to come.
  bool is_in_load() const { return load_ != nullptr; }

 private:
  using Updates = std::vector<v1::WatchModelResponse>;

  void LookAtLoad(Updates& updates);
  void AddPhases(const LoadStatus::Version& version, size_t& told,
                 Updates& updates) const;
  void AddEnd(const absl::Status& outcome, Updates& updates);
  void LookAtStates(const ModelView& view, bool always, Updates& updates);
  v1::WatchModelResponse MakeUpdate(const LoadStatus::Version& version) const;
  v1::WatchModelResponse MakeUpdate() const;

  const ModelRepository& repository_;
  const std::string model_;
  const bool follow_;
  bool is_first_ = true;
  bool is_over_ = false;

  // The load that is being told of; null where none is.
  std::shared_ptr<const LoadStatus> load_;
  // The last one that was told of, or was over before the watch began.
  int64_t last_operation_ = 0;
  bool told_queued_ = false;
  std::vector<size_t> told_phases_;  // of each version
  // What was told last where no load runs.
  std::vector<ModelIndexEntry> told_states_;
};

}  // namespace transformerd
