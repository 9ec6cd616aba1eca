#include "model/loading/tied_weights.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kChunkBytes = int64_t{1} << 20;

absl::StatusOr<bool> AreEqual(const CheckpointEntry& a,
                              const CheckpointEntry& b,
                              const CheckpointReader& reader,
                              const LoadControl& control) {
  if (a.dtype != b.dtype || a.shape != b.shape) return false;
  const int64_t chunk_bytes = std::min(kChunkBytes, a.size_bytes);
  std::vector<std::byte> bytes_of_a(chunk_bytes), bytes_of_b(chunk_bytes);
  for (int64_t begin = 0; begin < a.size_bytes; begin += chunk_bytes) {
    RETURN_IF_ERROR(control.CheckNotCancelled());
    const size_t size = std::min(chunk_bytes, a.size_bytes - begin);
    const absl::Span<std::byte> chunk_of_a(bytes_of_a.data(), size);
    const absl::Span<std::byte> chunk_of_b(bytes_of_b.data(), size);
    RETURN_IF_ERROR(reader.Read(a.file, a.offset_bytes + begin, {chunk_of_a}));
    RETURN_IF_ERROR(reader.Read(b.file, b.offset_bytes + begin, {chunk_of_b}));
    if (chunk_of_a != chunk_of_b) return false;
  }
  return true;
}

}  // namespace

absl::Status TieEqualTensors(
    absl::Span<const std::unique_ptr<ParameterSlot>> slots,
    const CheckpointReader& reader, const LoadControl& control,
    NameMap& name_map) {
  absl::flat_hash_map<absl::string_view, int> slot_of_name;
  for (int slot = 0; slot < static_cast<int>(slots.size()); ++slot) {
    slot_of_name.emplace(slots[slot]->name(), slot);
  }
  const std::vector<CheckpointEntry>& entries = reader.entries();
  for (size_t i = 0; i < slots.size(); ++i) {
    SlotMapping& mapping = name_map.slots[i];
    if (slots[i]->tied_to().empty() || mapping.source != SlotSource::kEntry) {
      continue;
    }
    const int target = slot_of_name.at(slots[i]->tied_to());
    const SlotMapping& original = name_map.slots[target];
    if (original.source != SlotSource::kEntry) continue;
    ASSIGN_OR_RETURN(const bool are_equal,
                     AreEqual(entries[mapping.index], entries[original.index],
                              reader, control));
    if (are_equal) {
      name_map.unused.push_back(mapping.key);
      mapping.source = SlotSource::kTied;
      mapping.index = target;
    } else {
      name_map.warnings.push_back(absl::StrCat(
          Quoted(mapping.key), " and ", Quoted(original.key),
          " would be tied, but have different values: each is loaded"));
    }
  }
  absl::c_sort(name_map.unused);
  return absl::OkStatus();
}

}  // namespace transformerd
