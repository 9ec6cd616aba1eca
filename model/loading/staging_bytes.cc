#include "model/loading/staging_bytes.h"

#include <algorithm>

#include "model/base/dtype.h"

namespace transformerd {
namespace {

int64_t StagedBytes(const LoadPlan& plan, const LoadBucket& bucket) {
  int64_t bytes = 0;
  for (const LoadPiece& piece : bucket.pieces) {
    const LoadItem& item = plan.items()[piece.item];
    if (!item.is_staged()) continue;
    bytes += piece.count * BytesOf(item.file_dtype);
  }
  return bytes;
}

}  // namespace

// Buckets that lie in one item are alike, so that one of them speaks for all.
int64_t StagingBytes(const LoadPlan& plan) {
  int64_t most = 0;
  int64_t largest_window = 0;
  int64_t next = 0;  // all buckets before it are counted
  for (const LoadItem& item : plan.items()) {
    if (item.view.has_value()) {
      largest_window = std::max(largest_window, item.view->window_bytes());
    }
    if (!item.is_staged() || item.num_elements == 0) continue;
    const int64_t begin = item.arena_offset_bytes;
    const int64_t size_bytes = item.num_elements * BytesOf(item.dtype);
    const int64_t first = plan.BucketAt(begin);
    const int64_t last = plan.BucketAt(begin + size_bytes - 1);
    for (const int64_t index : {first, std::min(first + 1, last), last}) {
      if (index < next) continue;
      most = std::max(most, StagedBytes(plan, plan.Bucket(index)));
      next = index + 1;
    }
  }
  return most + largest_window;
}

}  // namespace transformerd
