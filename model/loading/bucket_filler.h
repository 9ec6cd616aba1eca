// Produces the bytes of buckets on the rank that reads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/checkpoint/strided_view.h"
#include "model/loading/arena.h"
#include "model/loading/load_plan.h"

namespace transformerd {

// What a filler asks whoever calls it.
struct BucketFillerHooks {
  // Whether the filler is to fill that bucket. It writes to no other.
  std::function<bool(int64_t bucket)> is_mine = [](int64_t) { return true; };
  // Before each window of a tensor that does not lie in a row, which may take
  // longer than a bucket: an error where the filler is not to go on.
  std::function<absl::Status()> check = [] { return absl::OkStatus(); };
};

// Reads what needs no cast straight into the arena, stages and converts what
// does, and initialises the rest. Bytes between the tensors of a plan are not
// read.
//
// A tensor that does not lie in a row is written to all of its buckets with the
// first of them. So the stretch that it spans is read once, gaps included: each
// bucket of a transposed matrix has something of nearly all of it.
//
// Not thread-safe. Takes at most StagingBytes: holds on to the staging memory
// of one bucket, and while it fills one to a window (see strided_view.h).
class BucketFiller {
 public:
  // All three must outlive the filler.
  BucketFiller(const LoadPlan& plan, const CheckpointReader& reader,
               const Arena& arena, BucketFillerHooks hooks = {})
      : plan_(plan), reader_(reader), arena_(arena), hooks_(std::move(hooks)) {}

  // Fills the bucket's range of the arena. To be called for all buckets that
  // are to be filled, in their order. On failure the error of the reader, or of
  // the check, with the tensors that were being read.
  absl::Status Fill(const LoadBucket& bucket);

 private:
  // A stretch of one file that is read in one go.
  struct Run {
    int file = 0;
    int64_t offset_bytes = 0;
    int64_t end_bytes = 0;
    int first_item = 0, last_item = 0;
    std::vector<absl::Span<std::byte>> buffers;
  };
  // A piece that waits in staging memory.
  struct Staged {
    LoadPiece piece;
    absl::Span<const std::byte> bytes;
  };

  absl::Status GatherItem(int index);
  std::vector<StridedView::Range> MyRangesOf(int index) const;
  absl::Status Append(const LoadPiece& piece);
  absl::Status FlushRun();
  absl::Span<std::byte> Destination(const LoadPiece& piece) const;
  void InitializePiece(const LoadPiece& piece) const;

  const LoadPlan& plan_;
  const CheckpointReader& reader_;
  const Arena& arena_;
  const BucketFillerHooks hooks_;
  // Views among the items before it are in the arena.
  int gathered_end_ = 0;
  Run run_;
  std::vector<Staged> staged_;
  // Grows to what the bucket with the most casts needs.
  std::vector<std::byte> staging_;
  size_t staging_used_ = 0;
};

}  // namespace transformerd
