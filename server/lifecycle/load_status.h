// One load as others see it, while it runs and afterwards.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "model/loading/load_control.h"

namespace transformerd {

// Thread-safe. Shared by the operation, which writes, and those who watch.
class LoadStatus {
 public:
  struct Version {
    int64_t number = 1;
    bool is_reload = false;  // another instance serves meanwhile
    LoadProgress progress;
  };

  explicit LoadStatus(int64_t operation) : operation_(operation) {}

  // The number of the load, higher than those of earlier ones.
  int64_t operation() const { return operation_; }

  // The load of a version begins, which reports to `control`.
  void BeginVersion(int64_t number, bool is_reload,
                    std::shared_ptr<const LoadControl> control)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The load has ended so. Once.
  void Finish(absl::Status outcome) ABSL_LOCKS_EXCLUDED(mutex_);

  // In the order in which they were begun; none while the load is queued.
  std::vector<Version> versions() const ABSL_LOCKS_EXCLUDED(mutex_);
  // Nothing while it runs.
  std::optional<absl::Status> outcome() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  struct Begun {
    int64_t number;
    bool is_reload;
    std::shared_ptr<const LoadControl> control;
  };

  const int64_t operation_;
  mutable absl::Mutex mutex_;
  std::vector<Begun> begun_ ABSL_GUARDED_BY(mutex_);
  std::optional<absl::Status> outcome_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
