// Refuses a load that will not fit, before a byte is read.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/available_memory.h"

namespace transformerd {

// Counts the bytes of host memory that models hold or are about to. Must
// outlive its reservations. Thread-safe.
class ResidencyBudget {
 public:
  // The right to hold some bytes, until it is destroyed. Movable.
  class Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept;
    Reservation& operator=(Reservation&& other) noexcept;
    ~Reservation();

    // The bytes are in memory now: they count as held, and the system's own
    // figure shows them.
    void Settle(int64_t bytes);

   private:
    friend class ResidencyBudget;
    Reservation(ResidencyBudget* budget, int64_t bytes)
        : budget_(budget), bytes_(bytes) {}
    void Return();

    ResidencyBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
    bool settled_ = false;
  };

  using Available = std::function<absl::StatusOr<AvailableMemory>()>;

  // At most `limit_bytes` for all models; 0: what `available` says is there.
  explicit ResidencyBudget(
      int64_t limit_bytes,
      Available available = [] { return ReadAvailableMemory(); });

  // RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT and both numbers where
  // `bytes` do not fit.
  absl::StatusOr<Reservation> Reserve(int64_t bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What a reservation made now may have at most, and what sets the bound
  // ("--host_memory_limit" besides those of AvailableMemory). UNAVAILABLE where
  // the system does not say.
  absl::StatusOr<AvailableMemory> Room() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  const int64_t limit_bytes_;
  const Available available_;

  mutable absl::Mutex mutex_;
  // Promised and not in memory yet; in memory.
  int64_t pending_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t resident_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace transformerd
