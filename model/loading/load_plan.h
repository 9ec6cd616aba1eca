// What a load will do, checked before a byte of weights is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "model/base/device.h"
#include "model/base/dtype.h"
#include "model/checkpoint/checkpoint_reader.h"
#include "model/checkpoint/strided_view.h"
#include "model/loading/arena.h"
#include "model/loading/mismatch_report.h"
#include "model/loading/name_map.h"
#include "model/modules/parameter_slot.h"

namespace transformerd {

// How the bytes of a slot come about.
enum class Transform {
  kNone,        // read as they are
  kCast,        // read, then converted from the file's dtype
  kInitialize,  // not read: the slot's initializer
};

// One parameter to be filled.
struct LoadItem {
  int slot = 0;
  Transform transform = Transform::kNone;
  DType dtype = DType::kF32;       // of the slot
  DType file_dtype = DType::kF32;  // of the entry
  int file = 0;
  int64_t file_offset_bytes = 0;
  // Where the file does not hold its elements in a row.
  std::optional<StridedView> view;
  int64_t num_elements = 0;
  int64_t arena_offset_bytes = 0;  // a multiple of kArenaAlignmentBytes
  int64_t arena_bytes = 0;  // with what the slot reserves beyond its size
  std::string key;          // in the checkpoint; empty for kInitialize
  // For kInitialize: the slot's.
  std::string name;
  Initializer initializer = Initializer::kZeros;

  // Whether what is read waits in memory of its own until its bucket was read.
  // The elements of views are cast one by one.
  bool is_staged() const {
    return transform == Transform::kCast && !view.has_value();
  }
};

// The elements [begin, begin + count) of an item.
struct LoadPiece {
  int item = 0;
  int64_t begin = 0;
  int64_t count = 0;
};

// What is read and broadcast at once: one range of the arena, and the pieces
// that fill it in the order of the files. Large parameters span several
// buckets.
struct LoadBucket {
  int64_t arena_offset_bytes = 0;
  int64_t size_bytes = 0;
  std::vector<LoadPiece> pieces;
};

struct LoadPlanOptions {
  // For messages: "BertModel".
  std::string architecture;
  // False forgives missing and unexpected keys: missing parameters are
  // initialised. Shapes and dtypes must fit in any case.
  bool strict = true;
  // Of the arena; a multiple of kArenaAlignmentBytes.
  int64_t bucket_bytes = int64_t{16} << 20;
  // Standard deviation of parameters with Initializer::kNormal.
  double initializer_range = 0.02;
};

// Every missing, unexpected, mis-shaped and mis-typed key; an empty report for
// a checkpoint that fits.
MismatchReport FindMismatches(
    absl::Span<const std::unique_ptr<ParameterSlot>> slots,
    absl::Span<const CheckpointEntry> entries, const NameMap& name_map,
    const LoadPlanOptions& options);

// Immutable, and independent of what it was made from. Its memory, and the time
// to make it, depend on the number of slots and not on their bytes: a plan may
// cover more than any machine has.
class LoadPlan {
 public:
  // Errors: FAILED_PRECONDITION with all mismatches at once (see ToStatus of
  // mismatch_report.h); RESOURCE_EXHAUSTED where the sizes add up to more than
  // int64 holds.
  static absl::StatusOr<LoadPlan> Create(
      absl::Span<const std::unique_ptr<ParameterSlot>> slots,
      absl::Span<const CheckpointEntry> entries, const NameMap& name_map,
      const LoadPlanOptions& options);

  // In the order of the files; initialised ones at the end.
  const std::vector<LoadItem>& items() const { return items_; }
  // Together the buckets cover the arena, in its order.
  int64_t num_buckets() const { return num_buckets_; }
  // Cut when asked for. `index` is in [0, num_buckets()).
  LoadBucket Bucket(int64_t index) const;
  // The index of the bucket with a byte of the arena.
  int64_t BucketAt(int64_t arena_offset_bytes) const {
    return arena_offset_bytes / bucket_bytes_;
  }

  int64_t arena_bytes() const { return arena_bytes_; }
  // What will be read, and from how many tensors. Those that do not lie in a
  // row count with the bytes of their elements, whatever they span.
  int64_t payload_bytes() const { return payload_bytes_; }
  int64_t payload_tensors() const { return payload_tensors_; }
  // Distinct numbers in the model: tied parameters count once.
  int64_t num_parameters() const { return num_parameters_; }
  double initializer_range() const { return initializer_range_; }

  // Where a slot's bytes are; the same for tied slots, nothing for those that
  // are left out.
  const std::vector<std::optional<int64_t>>& slot_offsets() const {
    return slot_offsets_;
  }

  // The same in every process for the same names, dtypes, shapes and offsets;
  // all else means that arenas would not be laid out alike.
  uint64_t digest() const { return digest_; }
  // The digest that a rank with these slots would have with this plan.
  uint64_t DigestFor(
      absl::Span<const std::unique_ptr<ParameterSlot>> slots) const;

 private:
  LoadPlan() = default;

  absl::Status LayOut();

  std::vector<LoadItem> items_;
  std::vector<std::optional<int64_t>> slot_offsets_;
  int64_t bucket_bytes_ = 0;
  int64_t num_buckets_ = 0;
  int64_t arena_bytes_ = 0;
  int64_t payload_bytes_ = 0;
  int64_t payload_tensors_ = 0;
  int64_t num_parameters_ = 0;
  double initializer_range_ = 0;
  uint64_t digest_ = 0;
};

// A slot that takes the storage of another one instead of its own.
struct SlotTie {
  int slot = 0;
  int target = 0;
};

// Gives each slot its storage in `memory`, which is that of an arena of the
// plan or of a device (CHECK on its size), and must outlive the slots' users.
// The slots must be those of the plan, or a replica's with the same digest.
void BindSlots(const LoadPlan& plan, absl::Span<std::byte> memory,
               absl::Span<const std::unique_ptr<ParameterSlot>> slots,
               absl::Span<const SlotTie> ties = {}, const Device& device = {});

}  // namespace transformerd
