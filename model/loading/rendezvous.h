// Where the ranks of one group wait for each other. The common part of all
// transports between threads of one process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace transformerd {

// Lets no rank go on before all have come, compares what they brought, and
// keeps the first error for all of them.
//
// Thread-safe. Each rank has one thread; Abort may be called by any.
class Rendezvous {
 public:
  // A rank that has waited for `timeout` for another gives up for all.
  Rendezvous(int world_size, absl::Duration timeout)
      : timeout_(timeout), arrivals_(world_size) {}

  int world_size() const { return static_cast<int>(arrivals_.size()); }

  // See WeightTransport::Agree.
  absl::Status Agree(int rank, absl::Status mine, uint64_t digest)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Waits until all ranks are about to broadcast, and compares sizes and
  // roots. After OK every rank must carry the broadcast out, even if the group
  // is aborted meanwhile: the others count on it.
  absl::Status MeetForBroadcast(int rank, absl::Span<std::byte> bytes, int root)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // What rank `rank` brought to the broadcast that this rank is in.
  absl::Span<const std::byte> BytesOf(int rank) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // All pending and later calls return the first of these errors.
  void Abort(absl::Status status) ABSL_LOCKS_EXCLUDED(mutex_);

  // OK, or the first error of the group.
  absl::Status failure() const ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  // What a rank brings.
  struct Arrival {
    enum class Call { kAgree, kBroadcast };
    Call call = Call::kAgree;
    absl::Status status;          // of kAgree
    uint64_t digest = 0;          // of kAgree
    absl::Span<std::byte> bytes;  // of kBroadcast
    int root = 0;                 // of kBroadcast
  };

  static absl::Status Check(absl::Span<const Arrival> arrivals);
  static absl::Status CheckAgreement(absl::Span<const Arrival> arrivals);
  static absl::Status CheckBroadcast(absl::Span<const Arrival> arrivals);

  absl::Status Meet(int rank, Arrival arrival) ABSL_LOCKS_EXCLUDED(mutex_);
  void CompleteRoundLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status TimedOutLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const absl::Duration timeout_;
  mutable absl::Mutex mutex_;
  // One a rank: what it brought to its latest call.
  std::vector<Arrival> arrivals_ ABSL_GUARDED_BY(mutex_);
  std::vector<int> arrived_ ABSL_GUARDED_BY(mutex_);  // the ranks of this round
  int64_t round_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status verdict_ ABSL_GUARDED_BY(mutex_);  // on the latest round
  absl::Status aborted_ ABSL_GUARDED_BY(mutex_);  // OK: not aborted
};

}  // namespace transformerd
