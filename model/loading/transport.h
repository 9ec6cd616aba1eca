// How replicas of a model get the weights from the ranks that read them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace transformerd {

// One rank's end of a group that loads one model together.
//
// Every rank makes the same sequence of calls, each from a thread of its own;
// Abort alone may be called by any thread at any time. After an error the group
// is of no further use: all later calls return that error. A rank that keeps
// the others waiting for longer than the group's time-out is an error as well.
class WeightTransport {
 public:
  virtual ~WeightTransport() = default;

  virtual int rank() const = 0;
  virtual int world_size() const = 0;

  // Blocks until every rank has called it. OK on all ranks where all of them
  // brought OK and the same digest; else the same error on all: that of the
  // lowest rank that brought one, or INTERNAL naming the ranks whose digest is
  // not rank 0's.
  virtual absl::Status Agree(absl::Status mine, uint64_t digest) = 0;

  // Fills `bytes` on every rank with those of rank `root`. May return before
  // that is done: until Flush has returned, the root must not change its
  // buffer and the others must not use theirs. Where sizes or roots differ it
  // is an error on all ranks, and no buffer is written.
  virtual absl::Status Broadcast(absl::Span<std::byte> bytes, int root) = 0;

  // Ends all broadcasts of this rank. Whatever it returns, and also where
  // another call has returned an error, no buffer is in use afterwards.
  virtual absl::Status Flush() = 0;

  // Makes all pending and later calls of all ranks return `status` (not OK).
  // The first abort stays.
  virtual void Abort(absl::Status status) = 0;
};

inline constexpr absl::Duration kDefaultTransportTimeout = absl::Seconds(60);

}  // namespace transformerd
