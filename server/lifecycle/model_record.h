// What the repository knows of one model.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/loading/load_control.h"
#include "server/lifecycle/load_parameters.h"
#include "server/lifecycle/load_status.h"
#include "server/lifecycle/model_entry.h"

namespace transformerd {

// A load of all versions of a model, and those who wait for it.
struct LoadOperation {
  LoadParameters parameters;  // identical ones join
  std::map<int64_t, absl::AnyInvocable<void(absl::Status)>> waiters;
  absl::Status cancelled;                // OK, or why it shall stop
  std::shared_ptr<LoadControl> control;  // of the version being loaded, or null
  std::shared_ptr<LoadStatus> status;    // for those who watch

  // The first reason stays.
  void Cancel(const absl::Status& reason);
};

struct UnloadOperation {
  std::vector<absl::AnyInvocable<void(absl::StatusOr<int64_t>)>> waiters;
};

// All versions of one name. Plain; the repository guards it.
struct ModelRecord {
  std::map<int64_t, ModelEntry> versions;
  // Null unless one runs. An unload waits for the load that it cancelled.
  std::unique_ptr<LoadOperation> load;
  std::unique_ptr<UnloadOperation> unload;

  // What a request without a version means: the highest version that is ready,
  // else the highest that failed, else null.
  const ModelEntry* Newest() const;
  // Null for a version that there is none of, or no number.
  const ModelEntry* Find(std::optional<int64_t> version) const;
  // No version holds anything worth telling.
  bool is_empty() const;
};

}  // namespace transformerd
