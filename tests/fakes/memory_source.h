// The bytes of a file that lie in memory.
#pragma once

#include <cstring>
#include <string>
#include <utility>

#include "model/base/error_details.h"
#include "model/checkpoint/byte_source.h"

namespace transformerd {

class MemorySource : public ByteSource {
 public:
  explicit MemorySource(std::string bytes) : bytes_(std::move(bytes)) {}

  int64_t size_bytes() const override {
    return static_cast<int64_t>(bytes_.size());
  }

  absl::Status Read(
      int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    for (const absl::Span<std::byte> buffer : buffers) {
      const auto count = static_cast<int64_t>(buffer.size());
      if (offset_bytes < 0 || offset_bytes > size_bytes() ||
          count > size_bytes() - offset_bytes) {
        return LoadError(Reason::kTruncated, "ends before");
      }
      if (count > 0) {
        std::memcpy(buffer.data(), bytes_.data() + offset_bytes, count);
      }
      offset_bytes += count;
    }
    return absl::OkStatus();
  }

  absl::Status CheckUnchanged() const override { return absl::OkStatus(); }

 private:
  const std::string bytes_;
};

}  // namespace transformerd
