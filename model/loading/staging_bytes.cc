#include "model/loading/staging_bytes.h"

#include <algorithm>

#include "model/base/dtype.h"

namespace transformerd {

int64_t StagingBytes(const LoadPlan& plan) {
  int64_t most = 0;
  for (const LoadBucket& bucket : plan.buckets()) {
    int64_t bytes = 0;
    for (const LoadPiece& piece : bucket.pieces) {
      const LoadItem& item = plan.items()[piece.item];
      if (item.transform != Transform::kCast) continue;
      bytes += piece.count * BytesOf(item.file_dtype);
    }
    most = std::max(most, bytes);
  }
  return most;
}

}  // namespace transformerd
