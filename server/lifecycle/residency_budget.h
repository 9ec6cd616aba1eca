// Refuses a load that will not fit, before a byte is read.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

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
    Reservation(ResidencyBudget* budget, int64_t number)
        : budget_(budget), number_(number) {}
    void Return();

    ResidencyBudget* budget_ = nullptr;
    int64_t number_ = 0;          // among the pending ones
    int64_t resident_bytes_ = 0;  // once it is settled
  };

  using Available = std::function<absl::StatusOr<AvailableMemory>()>;
  // How much of a reservation is in memory by now, from 0 to 1: that part the
  // system's own figure shows already. Thread-safe.
  using Progress = std::function<double()>;

  // At most `limit_bytes` for all models; 0: what `available` says is there.
  explicit ResidencyBudget(
      int64_t limit_bytes,
      Available available = [] { return ReadAvailableMemory(); });

  // RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT and both numbers where
  // `bytes` do not fit. `progress` is asked until the reservation is settled or
  // destroyed.
  absl::StatusOr<Reservation> Reserve(
      int64_t bytes, Progress progress = [] { return 0.0; })
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What a reservation made now may have at most, and what sets the bound
  // ("--host_memory_limit" besides those of AvailableMemory). UNAVAILABLE where
  // the system does not say.
  absl::StatusOr<AvailableMemory> Room() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // Of a load that runs.
  struct Pending {
    int64_t bytes = 0;
    Progress progress;
  };

  // What is left of --host_memory_limit; may be negative.
  int64_t LeftOfLimitLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // What running loads will still take of the system's memory.
  int64_t AwaitedBytesLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const int64_t limit_bytes_;
  const Available available_;

  mutable absl::Mutex mutex_;
  std::map<int64_t, Pending> pending_ ABSL_GUARDED_BY(mutex_);  // by number
  int64_t last_number_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t resident_bytes_ ABSL_GUARDED_BY(mutex_) = 0;  // settled
};

}  // namespace transformerd
