// A checkpoint that lies in memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "model/base/host_tensor.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// One virtual file of the tensors added, in that order. Add and Remove must not
// run while others read.
class MemoryCheckpoint : public CheckpointReader {
 public:
  // Appends a tensor. Its key must be new (CHECK).
  void Add(std::string key, const HostTensor& tensor);
  // Forgets a tensor, which must be there (CHECK); its bytes become a hole.
  void Remove(absl::string_view key);

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }
  std::string file_name(int file) const override;
  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override;

  // Bytes that all reads together copied.
  int64_t bytes_read() const { return bytes_read_; }

 private:
  std::vector<CheckpointEntry>::iterator Find(absl::string_view key);

  std::vector<CheckpointEntry> entries_;
  std::string bytes_;
  mutable std::atomic<int64_t> bytes_read_ = 0;
};

}  // namespace transformerd
