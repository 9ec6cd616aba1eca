// Produces the bytes of buckets on the rank that reads.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/arena.h"
#include "model/loading/load_plan.h"

namespace transformerd {

// Reads what needs no cast straight into the arena, stages and converts what
// does, and initialises the rest. Bytes between the tensors of a plan are not
// read.
//
// Not thread-safe. Holds on to at most the staging memory of one bucket.
class BucketFiller {
 public:
  // All three must outlive the filler.
  BucketFiller(const LoadPlan& plan, const CheckpointReader& reader,
               const Arena& arena)
      : plan_(plan), reader_(reader), arena_(arena) {}

  // Fills the bucket's range of the arena. On failure the reader's error, with
  // the tensors that were being read.
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

  absl::Status Append(const LoadPiece& piece);
  absl::Status FlushRun();
  absl::Span<std::byte> Destination(const LoadPiece& piece) const;
  void InitializePiece(const LoadPiece& piece) const;

  const LoadPlan& plan_;
  const CheckpointReader& reader_;
  const Arena& arena_;
  Run run_;
  std::vector<Staged> staged_;
  // Grows to what the bucket with the most casts needs.
  std::vector<std::byte> staging_;
  size_t staging_used_ = 0;
};

}  // namespace transformerd
