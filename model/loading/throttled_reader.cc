#include "model/loading/throttled_reader.h"

#include <algorithm>

#include "model/base/status_macros.h"

namespace transformerd {
namespace {

using Buffers = std::vector<absl::Span<std::byte>>;

// Takes the first `size_bytes` (or what there is) off `buffers`.
Buffers TakeFront(Buffers& buffers, size_t size_bytes) {
  Buffers front;
  auto next = buffers.begin();
  for (; next != buffers.end() && size_bytes > 0; ++next) {
    const size_t taken = std::min(size_bytes, next->size());
    front.push_back(next->first(taken));
    size_bytes -= taken;
    if (taken < next->size()) {
      next->remove_prefix(taken);
      break;
    }
  }
  buffers.erase(buffers.begin(), next);
  return front;
}

int64_t SizeOf(const Buffers& buffers) {
  size_t size_bytes = 0;
  for (const auto& buffer : buffers) size_bytes += buffer.size();
  return static_cast<int64_t>(size_bytes);
}

}  // namespace

absl::Status ThrottledReader::Read(
    int file, int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  Buffers left(buffers.begin(), buffers.end());
  while (!left.empty()) {
    const Buffers step = TakeFront(left, limit_.burst_bytes());
    const int64_t size_bytes = SizeOf(step);
    RETURN_IF_ERROR(limit_.Take(size_bytes, control_));
    RETURN_IF_ERROR(reader_.Read(file, offset_bytes, step));
    offset_bytes += size_bytes;
  }
  return absl::OkStatus();
}

}  // namespace transformerd
