// The memory of one replica's weights.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace transformerd {

// Slots start at multiples of this, so that vector loads are aligned and no two
// slots share a cache line.
inline constexpr int64_t kArenaAlignmentBytes = 256;

// One contiguous range of zeroed memory, on huge pages where that pays. Given
// back to the system whole by the destructor, but for what was discarded
// before.
//
// Thread-safe: the range never changes. What is in it is the users' business.
class Arena {
 public:
  // RESOURCE_EXHAUSTED with reason RESOURCE_LIMIT and the size where the
  // system refuses. A size of 0 is allowed.
  static absl::StatusOr<std::unique_ptr<Arena>> Create(int64_t size_bytes);

  // What all arenas of this process hold now.
  static int64_t TotalBytes();

  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  absl::Span<std::byte> bytes() const { return {begin_, size_}; }

  // [offset_bytes, offset_bytes + size_bytes), which must lie inside (CHECK).
  absl::Span<std::byte> Range(int64_t offset_bytes, int64_t size_bytes) const;

  // Gives the pages that lie wholly inside the range back to the system, and
  // returns how many bytes these are; they are zeros from then on. Each byte at
  // most once.
  int64_t Discard(int64_t offset_bytes, int64_t size_bytes);

  // Memory that the arena holds: its size without what was discarded.
  int64_t held_bytes() const {
    return static_cast<int64_t>(size_) - discarded_bytes_;
  }

  // Has the system provide the memory of such a range now instead of at its
  // first use; what is in it stays. False where the system cannot.
  bool Populate(int64_t offset_bytes, int64_t size_bytes) const;

 private:
  Arena(std::byte* begin, size_t size, size_t mapped_size);

  std::byte* const begin_;
  const size_t size_;
  const size_t mapped_size_;
  std::atomic<int64_t> discarded_bytes_ = 0;
};

}  // namespace transformerd
