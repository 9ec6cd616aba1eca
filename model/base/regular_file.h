// Reading files whose content and presence nobody promises.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"

namespace transformerd {

// An open regular file. Reads copy (no mmap): a file that shrinks meanwhile is
// an error and not a SIGBUS. Symbolic links are followed.
//
// Messages of errors hold no path: callers add the name that users know.
// Movable; thread-safe, reads may overlap.
class RegularFile {
 public:
  // NOT_FOUND where there is nothing of that name, FAILED_PRECONDITION where
  // it is no regular file or cannot be opened. Never blocks on a FIFO.
  static absl::StatusOr<RegularFile> Open(const std::string& path);

  RegularFile(RegularFile&& other) noexcept;
  RegularFile& operator=(RegularFile&& other) noexcept;
  ~RegularFile();

  // The size now, which may differ from call to call.
  absl::StatusOr<int64_t> size_bytes() const;

  // When its content was last written to, as the file system has it.
  absl::StatusOr<absl::Time> modified_at() const;

  // Fills the buffers, one after the other, from `offset_bytes` on.
  // OUT_OF_RANGE where the file ends before, FAILED_PRECONDITION where the
  // system cannot read it.
  absl::Status Read(int64_t offset_bytes,
                    absl::Span<const absl::Span<std::byte>> buffers) const;

 private:
  explicit RegularFile(int descriptor) : descriptor_(descriptor) {}

  int descriptor_;  // -1 when moved from
};

// The whole content. Errors as above, and OUT_OF_RANGE for a file larger than
// `max_size_bytes`, which is then not read.
absl::StatusOr<std::string> ReadRegularFile(const std::string& path,
                                            int64_t max_size_bytes);

// True for one plain path component: not empty, "." or "..", without slashes
// and NUL bytes, and no longer than file systems take.
bool IsFileName(absl::string_view name);

}  // namespace transformerd
