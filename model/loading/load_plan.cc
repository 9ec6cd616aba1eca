#include "model/loading/load_plan.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/base/status_macros.h"
#include "model/loading/cast.h"
#include "model/loading/fnv1a.h"
#include "model/loading/mismatch_report.h"

namespace transformerd {
namespace {

using Slots = absl::Span<const std::unique_ptr<ParameterSlot>>;
using Entries = absl::Span<const CheckpointEntry>;

bool TakesDtype(const ParameterSlot& slot, const CheckpointEntry& entry) {
  return entry.dtype == slot.dtype() || CanCast(entry.dtype, slot.dtype());
}

void CheckFits(const ParameterSlot& slot, const CheckpointEntry& entry,
               MismatchReport& report) {
  if (entry.shape != slot.shape()) {
    report.shapes.push_back(
        {entry.key, ToString(entry.shape), ToString(slot.shape())});
  }
  if (!TakesDtype(slot, entry)) {
    report.dtypes.push_back({entry.key, std::string(NameOf(entry.dtype)),
                             std::string(NameOf(slot.dtype()))});
  }
}

// What a refusal looks up its hints in; only built for a refusal.
void AddHintSources(const NameMap& name_map, MismatchReport& report) {
  report.unclaimed_keys = name_map.unexpected;
  report.unclaimed_keys.insert(report.unclaimed_keys.end(),
                               name_map.unused.begin(), name_map.unused.end());
  // Missing ones first: what is unexpected was probably meant to be one.
  report.model_keys = name_map.missing;
  for (const SlotMapping& mapping : name_map.slots) {
    if (mapping.source != SlotSource::kMissing) {
      report.model_keys.push_back(mapping.key);
    }
  }
}

LoadItem MakeItem(int index, const ParameterSlot& slot) {
  LoadItem item;
  item.slot = index;
  item.transform = Transform::kInitialize;
  item.dtype = slot.dtype();
  item.num_elements = *NumElements(slot.shape());
  item.name = slot.name();
  item.initializer = slot.initializer();
  item.arena_bytes = std::max(slot.size_bytes(), slot.reserved_bytes());
  return item;
}

LoadItem MakeItem(int index, const ParameterSlot& slot,
                  const CheckpointEntry& entry) {
  LoadItem item = MakeItem(index, slot);
  item.transform =
      entry.dtype == slot.dtype() ? Transform::kNone : Transform::kCast;
  item.file_dtype = entry.dtype;
  item.key = entry.key;
  item.file = entry.file;
  item.file_offset_bytes = entry.offset_bytes;
  if (!entry.strides.empty()) {
    item.view.emplace(entry.offset_bytes, entry.shape, entry.strides,
                      BytesOf(entry.dtype));
  }
  CHECK_EQ(entry.size_bytes, item.num_elements * BytesOf(entry.dtype))
      << entry.key;
  return item;
}

// In the order of the files: entries are listed by (file, offset).
std::vector<LoadItem> MakeItems(Slots slots, Entries entries,
                                const NameMap& name_map) {
  std::vector<std::pair<int, int>> slot_of_entry;
  std::vector<LoadItem> initialized;
  for (int i = 0; i < static_cast<int>(slots.size()); ++i) {
    const SlotMapping& mapping = name_map.slots[i];
    if (mapping.source == SlotSource::kEntry) {
      slot_of_entry.emplace_back(mapping.index, i);
    } else if (mapping.source == SlotSource::kMissing) {
      initialized.push_back(MakeItem(i, *slots[i]));
    }
  }
  absl::c_sort(slot_of_entry);
  std::vector<LoadItem> items;
  items.reserve(slot_of_entry.size() + initialized.size());
  for (const auto& [entry, slot] : slot_of_entry) {
    items.push_back(MakeItem(slot, *slots[slot], entries[entry]));
  }
  absl::c_move(initialized, std::back_inserter(items));
  return items;
}

}  // namespace

MismatchReport FindMismatches(Slots slots, Entries entries,
                              const NameMap& name_map,
                              const LoadPlanOptions& options) {
  MismatchReport report;
  report.architecture = options.architecture;
  if (options.strict) {
    report.missing = name_map.missing;
    report.unexpected = name_map.unexpected;
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    const SlotMapping& mapping = name_map.slots[i];
    if (mapping.source == SlotSource::kEntry) {
      CheckFits(*slots[i], entries[mapping.index], report);
    }
  }
  const auto by_key = [](const Misfit& a, const Misfit& b) {
    return a.key < b.key;
  };
  absl::c_sort(report.shapes, by_key);
  absl::c_sort(report.dtypes, by_key);
  AddHintSources(name_map, report);
  return report;
}

absl::StatusOr<LoadPlan> LoadPlan::Create(Slots slots, Entries entries,
                                          const NameMap& name_map,
                                          const LoadPlanOptions& options) {
  CHECK_EQ(slots.size(), name_map.slots.size());
  CHECK_GT(options.bucket_bytes, 0);
  CHECK_EQ(options.bucket_bytes % kArenaAlignmentBytes, 0);
  RETURN_IF_ERROR(ToStatus(FindMismatches(slots, entries, name_map, options)));
  LoadPlan plan;
  plan.bucket_bytes_ = options.bucket_bytes;
  plan.initializer_range_ = options.initializer_range;
  plan.items_ = MakeItems(slots, entries, name_map);
  RETURN_IF_ERROR(plan.LayOut());
  plan.slot_offsets_.resize(slots.size());
  for (const LoadItem& item : plan.items_) {
    plan.slot_offsets_[item.slot] = item.arena_offset_bytes;
  }
  for (size_t i = 0; i < slots.size(); ++i) {
    const SlotMapping& mapping = name_map.slots[i];
    if (mapping.source != SlotSource::kTied) continue;
    const ParameterSlot& target = *slots[mapping.index];
    CHECK(slots[i]->shape() == target.shape() &&
          slots[i]->dtype() == target.dtype())
        << slots[i]->name() << " is tied to " << target.name();
    plan.slot_offsets_[i] = plan.slot_offsets_[mapping.index];
  }
  plan.digest_ = plan.DigestFor(slots);
  return plan;
}

// Gives each item its place in the arena and adds up the totals.
absl::Status LoadPlan::LayOut() {
  for (LoadItem& item : items_) {
    item.arena_offset_bytes = arena_bytes_;
    const std::optional<int64_t> end =
        CheckedAdd(arena_bytes_, item.arena_bytes);
    const std::optional<int64_t> padded =
        end ? CheckedAdd(*end, kArenaAlignmentBytes - 1) : std::nullopt;
    if (!padded.has_value()) {
      return WithReason(absl::ResourceExhaustedError(absl::StrCat(
                            "weights up to \"", item.name, "\" need more than ",
                            arena_bytes_, " + ", item.arena_bytes, " bytes")),
                        Reason::kResourceLimit);
    }
    arena_bytes_ = *padded / kArenaAlignmentBytes * kArenaAlignmentBytes;
    num_parameters_ += item.num_elements;
    if (item.transform != Transform::kInitialize && item.num_elements > 0) {
      payload_bytes_ += item.num_elements * BytesOf(item.file_dtype);
      ++payload_tensors_;
    }
  }
  num_buckets_ =
      arena_bytes_ / bucket_bytes_ + (arena_bytes_ % bucket_bytes_ > 0 ? 1 : 0);
  return absl::OkStatus();
}

// Borders are at multiples of `bucket_bytes_`. Like the items they are aligned,
// so that no border splits an element.
LoadBucket LoadPlan::Bucket(int64_t index) const {
  CHECK(index >= 0 && index < num_buckets_) << index;
  LoadBucket bucket;
  bucket.arena_offset_bytes = index * bucket_bytes_;
  bucket.size_bytes =
      std::min(bucket_bytes_, arena_bytes_ - bucket.arena_offset_bytes);
  const int64_t end = bucket.arena_offset_bytes + bucket.size_bytes;
  // The item that holds the bucket's first byte: the last to begin before it.
  auto item = std::prev(absl::c_upper_bound(
      items_, bucket.arena_offset_bytes, [](int64_t offset, const LoadItem& i) {
        return offset < i.arena_offset_bytes;
      }));
  for (; item != items_.end() && item->arena_offset_bytes < end; ++item) {
    const int64_t element_bytes = BytesOf(item->dtype);
    const int64_t skipped = std::max<int64_t>(
        0, bucket.arena_offset_bytes - item->arena_offset_bytes);
    LoadPiece piece;
    piece.item = static_cast<int>(item - items_.begin());
    piece.begin = skipped / element_bytes;
    piece.count = std::min(item->num_elements,
                           (end - item->arena_offset_bytes) / element_bytes) -
                  piece.begin;
    // None where an item has no elements.
    if (piece.count > 0) bucket.pieces.push_back(piece);
  }
  return bucket;
}

uint64_t LoadPlan::DigestFor(Slots slots) const {
  uint64_t hash = Fnv1a(absl::StrCat(slots.size(), " slots"));
  for (size_t i = 0; i < slots.size(); ++i) {
    const std::optional<int64_t> offset =
        i < slot_offsets_.size() ? slot_offsets_[i] : std::nullopt;
    hash = Fnv1a(
        absl::StrCat("\n", slots[i]->name(), " ", NameOf(slots[i]->dtype()),
                     ToString(slots[i]->shape()), "@", offset.value_or(-1)),
        hash);
  }
  return hash;
}

void BindSlots(const LoadPlan& plan, absl::Span<std::byte> memory, Slots slots,
               absl::Span<const SlotTie> ties, const Device& device) {
  CHECK_EQ(static_cast<int64_t>(memory.size()), plan.arena_bytes());
  std::vector<std::optional<int64_t>> offsets = plan.slot_offsets();
  CHECK_EQ(offsets.size(), slots.size());
  for (const SlotTie& tie : ties) offsets[tie.slot] = offsets[tie.target];
  for (size_t i = 0; i < slots.size(); ++i) {
    if (!offsets[i].has_value()) continue;
    slots[i]->Fill(memory.data() + *offsets[i], device);
  }
}

}  // namespace transformerd
