// How health and metrics follow what the repository does.
#pragma once

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "model/runtime/loaded_model.h"
#include "server/lifecycle/model_state.h"

namespace transformerd {

struct ModelId {
  std::string name;
  int64_t version = 1;
};

// Called without the repository's locks, in the order in which a model changes;
// calls for different models may overlap. Must not wait for operations of the
// repository.
class RepositoryObserver {
 public:
  virtual ~RepositoryObserver() = default;

  // A version is in a new state.
  virtual void OnState(const ModelId& id, ModelState state) = 0;
  // A load has finished well, before OnState(kReady).
  virtual void OnLoaded(const ModelId& id, const LoadReport& report,
                        absl::Duration total_time) = 0;
  // A version has left memory, before OnState(kUnloaded); not told of instances
  // that a reload replaced.
  virtual void OnUnloaded(const ModelId& id, int64_t released_bytes) = 0;
  // A load or unload has ended, well or not: readiness may be another one.
  virtual void OnOperationEnd() = 0;
};

}  // namespace transformerd
