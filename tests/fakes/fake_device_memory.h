// A device whose memory is the host's, and that fails on order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "glog/logging.h"
#include "model/loading/device_memory.h"

namespace transformerd {

class FakeDeviceMemory : public DeviceMemory {
 public:
  void FailAllocate(absl::Status status) { allocate_ = std::move(status); }
  void FailWrites(absl::Status status) { write_ = std::move(status); }

  int writes() const { return writes_; }

  absl::Status Allocate(int64_t size_bytes) override {
    CHECK(memory_.empty());
    if (allocate_.ok()) memory_.resize(size_bytes);
    return allocate_;
  }

  absl::Span<std::byte> bytes() const override {
    return absl::MakeSpan(memory_);
  }

  absl::Status Write(int64_t offset_bytes,
                     absl::Span<const std::byte> bytes) override {
    CHECK_LE(offset_bytes + bytes.size(), memory_.size());
    ++writes_;
    if (write_.ok()) {
      std::memcpy(memory_.data() + offset_bytes, bytes.data(), bytes.size());
    }
    return write_;
  }

 private:
  absl::Status allocate_, write_;
  // A transport writes into it, too.
  mutable std::vector<std::byte> memory_;
  int writes_ = 0;
};

}  // namespace transformerd
