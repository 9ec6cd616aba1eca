// Bytes at positions, as the parsers of checkpoints see a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace transformerd {

// A file, or a test's bytes. Implementations are thread-safe: reads may
// overlap.
class ByteSource {
 public:
  virtual ~ByteSource() = default;

  // What it was when the source was opened.
  virtual int64_t size_bytes() const = 0;

  // Fills the buffers, one after the other, from `offset_bytes` on. A LoadError
  // with reason TRUNCATED where there is not enough.
  virtual absl::Status Read(
      int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const = 0;

  // OK while the source is what it was when it was opened. Else it is still
  // being written, or was replaced in place: TRUNCATED for another size,
  // HEADER_INVALID for one that was written to.
  virtual absl::Status CheckUnchanged() const = 0;
};

// Opens a regular file. WEIGHTS_NOT_FOUND where it cannot be opened. No message
// holds the path.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenByteSource(
    const std::string& path);

// [offset_bytes, offset_bytes + size_bytes) as a string. Allocates nothing for
// a range that is not inside of the source: TRUNCATED.
absl::StatusOr<std::string> ReadString(const ByteSource& source,
                                       int64_t offset_bytes,
                                       int64_t size_bytes);

// The little-endian number of 2, 4 or 8 bytes at the front of `bytes`, which
// must have them (CHECK).
uint16_t Little16(absl::string_view bytes);
uint32_t Little32(absl::string_view bytes);
uint64_t Little64(absl::string_view bytes);

}  // namespace transformerd
