// Checks the checksums of stretches of a file while they are read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"

namespace transformerd {

struct ChecksummedStretch {
  std::string name;  // for messages
  int64_t offset_bytes = 0;
  int64_t size_bytes = 0;
  uint32_t crc32 = 0;
};

// Told of every read, it knows the checksum of a stretch as soon as the reads
// cover it, in whatever order and pieces; bytes that were read before count
// once. A stretch that is never read to the end is never checked: weights are
// then read once, and not a second time for their checksum.
//
// Thread-safe.
class ChecksumLedger {
 public:
  // The stretches must be ordered by offset and not overlap.
  explicit ChecksumLedger(std::vector<ChecksummedStretch> stretches);

  // Takes note of bytes that were read from `offset_bytes` on, one buffer after
  // the other. ZIP_INVALID where they complete a stretch and it is damaged.
  absl::Status Add(int64_t offset_bytes,
                   absl::Span<const absl::Span<std::byte>> buffers);

 private:
  struct Piece {
    int64_t end = 0;
    uint32_t crc = 0;
  };
  // From where they begin; no two touch.
  using Pieces = std::map<int64_t, Piece>;

  struct Gap {
    int64_t begin = 0, end = 0;
  };

  // Positions are counted from the stretch's begin.
  absl::Status AddBytes(size_t stretch, int64_t begin,
                        absl::Span<const std::byte> bytes)
      ABSL_LOCKS_EXCLUDED(mutex_);
  // The first part of [begin, end) that no piece covers.
  std::optional<Gap> FirstGap(size_t stretch, int64_t begin, int64_t end) const
      ABSL_LOCKS_EXCLUDED(mutex_);
  // Does nothing where a part of the piece is covered.
  absl::Status AddPiece(size_t stretch, int64_t begin, Piece piece)
      ABSL_LOCKS_EXCLUDED(mutex_);

  const std::vector<ChecksummedStretch> stretches_;
  mutable absl::Mutex mutex_;
  std::vector<Pieces> pieces_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
