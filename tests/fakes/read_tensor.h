// A tensor of a checkpoint as a test wants to see it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/dtype.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/checkpoint/strided_view.h"

namespace transformerd {

// The bytes of all elements in a row, row-major.
inline absl::StatusOr<std::string> ReadTensor(const CheckpointReader& reader,
                                              const CheckpointEntry& entry) {
  std::string bytes(entry.size_bytes, '\0');
  const auto read = [&](int64_t offset_bytes, absl::Span<std::byte> buffer) {
    return reader.Read(entry.file, offset_bytes, {buffer});
  };
  if (entry.strides.empty()) {
    RETURN_IF_ERROR(
        read(entry.offset_bytes,
             {reinterpret_cast<std::byte*>(bytes.data()), bytes.size()}));
    return bytes;
  }
  const StridedView view(entry.offset_bytes, entry.shape, entry.strides,
                         BytesOf(entry.dtype));
  RETURN_IF_ERROR(
      view.Gather({{0, entry.size_bytes}}, read,
                  [&bytes](int64_t begin, absl::Span<const std::byte> part) {
                    std::memcpy(bytes.data() + begin, part.data(), part.size());
                  }));
  return bytes;
}

}  // namespace transformerd
