// A checkpoint as a list of named byte ranges.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/base/shape.h"

namespace transformerd {

// One tensor of a checkpoint, little-endian, whose first element is at
// offset_bytes of the file.
struct CheckpointEntry {
  std::string key;
  DType dtype = DType::kF32;
  Shape shape;
  // Empty where the elements lie in a row, row-major. Else one stride, in
  // elements, for each extent: see strided_view.h.
  Shape strides;
  int file = 0;  // index for CheckpointReader::file_name
  int64_t offset_bytes = 0;
  int64_t size_bytes = 0;  // of the elements, whatever they span
};

// Lists tensors without reading their data; reads ranges into given buffers.
//
// Implementations check every size while opening, so that all elements of an
// entry lie inside its file. Thread-safe after creation: reads may overlap.
class CheckpointReader {
 public:
  virtual ~CheckpointReader() = default;

  // All tensors, ordered by (file, offset); keys are unique. The sizes of a
  // file's add up to less than 2^63.
  virtual const std::vector<CheckpointEntry>& entries() const = 0;

  // Name of a file relative to the model's folder, for messages.
  virtual std::string file_name(int file) const = 0;

  // Fills the buffers, one after the other, with the bytes of `file` that
  // start at `offset_bytes` (scatter read). FAILED_PRECONDITION with reason
  // TRUNCATED where the file has become shorter since it was opened.
  virtual absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const = 0;

  // FAILED_PRECONDITION where a file was written to since it was opened, so
  // that what was read may be half old and half new. A file that was renamed
  // or removed stays as it was for whoever has it open.
  virtual absl::Status CheckUnchanged() const { return absl::OkStatus(); }
};

}  // namespace transformerd
