#include "model/checkpoint/memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {

void MemoryCheckpoint::Add(std::string key, const HostTensor& tensor) {
  CHECK(Find(key) == entries_.end()) << key << " is there already";
  CheckpointEntry& entry = entries_.emplace_back();
  entry.key = std::move(key);
  entry.dtype = tensor.dtype;
  entry.shape = tensor.shape;
  entry.offset_bytes = static_cast<int64_t>(bytes_.size());
  entry.size_bytes = static_cast<int64_t>(tensor.bytes.size());
  bytes_ += tensor.bytes;
}

void MemoryCheckpoint::Remove(absl::string_view key) {
  const auto entry = Find(key);
  CHECK(entry != entries_.end()) << key << " is not there";
  entries_.erase(entry);
}

std::string MemoryCheckpoint::file_name(int file) const {
  CHECK_EQ(file, 0);
  return "memory";
}

absl::Status MemoryCheckpoint::Read(
    int file, int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  CHECK_EQ(file, 0);
  CHECK(offset_bytes >= 0 &&
        offset_bytes <= static_cast<int64_t>(bytes_.size()))
      << offset_bytes;
  absl::string_view rest = absl::string_view(bytes_).substr(offset_bytes);
  for (const absl::Span<std::byte> buffer : buffers) {
    if (buffer.size() > rest.size()) {
      return LoadError(Reason::kTruncated,
                       absl::StrCat("memory: ends at byte ", bytes_.size(),
                                    ", expected more"));
    }
    if (buffer.empty()) continue;
    std::memcpy(buffer.data(), rest.data(), buffer.size());
    rest.remove_prefix(buffer.size());
    bytes_read_ += static_cast<int64_t>(buffer.size());
  }
  return absl::OkStatus();
}

std::vector<CheckpointEntry>::iterator MemoryCheckpoint::Find(
    absl::string_view key) {
  return std::find_if(
      entries_.begin(), entries_.end(),
      [key](const CheckpointEntry& entry) { return entry.key == key; });
}

}  // namespace transformerd
