#include "model/checkpoint/safetensors_header.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/json_text.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/safetensors_handler.h"

namespace transformerd {
namespace {

absl::Status CheckUnique(const std::vector<CheckpointEntry>& entries) {
  std::vector<absl::string_view> keys;
  keys.reserve(entries.size());
  for (const CheckpointEntry& entry : entries) keys.push_back(entry.key);
  std::sort(keys.begin(), keys.end());
  const auto twice = std::adjacent_find(keys.begin(), keys.end());
  if (twice == keys.end()) return absl::OkStatus();
  return LoadError(Reason::kDuplicateName,
                   absl::StrCat("tensor ", Quoted(*twice), " is listed twice"));
}

absl::Status TensorError(Reason reason, const CheckpointEntry& entry,
                         absl::string_view message) {
  return LoadError(
      reason,
      absl::StrCat("tensor ", Quoted(entry.key), ": data_offsets [",
                   entry.offset_bytes, ",",
                   entry.offset_bytes + entry.size_bytes, "] ", message));
}

absl::Status CheckSizes(const std::vector<CheckpointEntry>& entries,
                        int64_t payload_bytes) {
  for (const CheckpointEntry& entry : entries) {
    const std::optional<int64_t> size_bytes =
        SizeBytes(entry.dtype, entry.shape);
    const std::string type =
        absl::StrCat(NameOf(entry.dtype), ToString(entry.shape));
    if (!size_bytes.has_value()) {
      return LoadError(Reason::kShapeInvalid,
                       absl::StrCat("tensor ", Quoted(entry.key), ": ", type,
                                    " has no size in whole bytes of 63 bits"));
    }
    if (*size_bytes == entry.size_bytes) continue;
    // A range that lies outside is what is wrong, rather than the shape.
    const bool inside = entry.offset_bytes <= payload_bytes &&
                        entry.size_bytes <= payload_bytes - entry.offset_bytes;
    return TensorError(
        inside ? Reason::kShapeInvalid : Reason::kOffsetsInvalid, entry,
        absl::StrCat("hold ", entry.size_bytes, " bytes, expected ",
                     *size_bytes, " for ", type));
  }
  return absl::OkStatus();
}

// `entries` are ordered by offset.
absl::Status CheckCoverage(const std::vector<CheckpointEntry>& entries,
                           int64_t payload_bytes) {
  int64_t end = 0;
  for (const CheckpointEntry& entry : entries) {
    if (entry.offset_bytes != end) {
      return TensorError(Reason::kOffsetsInvalid, entry,
                         absl::StrCat("leave a hole or overlap, expected ", end,
                                      " as their begin"));
    }
    end += entry.size_bytes;
  }
  if (end == payload_bytes) return absl::OkStatus();
  return LoadError(
      end > payload_bytes ? Reason::kTruncated : Reason::kOffsetsInvalid,
      absl::StrCat("has ", payload_bytes, " bytes behind the header, expected ",
                   end));
}

}  // namespace

absl::StatusOr<int64_t> ParseSafetensorsPrefix(absl::string_view prefix,
                                               int64_t file_size_bytes) {
  if (file_size_bytes < kSafetensorsPrefixBytes ||
      prefix.size() < kSafetensorsPrefixBytes) {
    return LoadError(
        Reason::kTruncated,
        absl::StrCat("has ", file_size_bytes, " bytes, expected at least ",
                     kSafetensorsPrefixBytes));
  }
  uint64_t length = 0;
  for (int i = 0; i < kSafetensorsPrefixBytes; ++i) {
    length |= uint64_t{static_cast<unsigned char>(prefix[i])} << (8 * i);
  }
  if (length > kMaxSafetensorsHeaderBytes) {
    return LoadError(
        Reason::kHeaderTooLarge,
        absl::StrCat("header of ", length, " bytes, expected at most ",
                     kMaxSafetensorsHeaderBytes));
  }
  const int64_t available = file_size_bytes - kSafetensorsPrefixBytes;
  if (static_cast<int64_t>(length) > available) {
    return LoadError(Reason::kTruncated,
                     absl::StrCat("header of ", length, " bytes, but only ",
                                  available, " follow"));
  }
  return static_cast<int64_t>(length);
}

absl::StatusOr<std::vector<CheckpointEntry>> ParseSafetensorsHeader(
    absl::string_view header, int64_t file_size_bytes) {
  SafetensorsHandler handler;
  if (!ParseJsonEvents(header, handler)) return handler.status();
  std::vector<CheckpointEntry> entries = handler.TakeEntries();
  RETURN_IF_ERROR(CheckUnique(entries));
  // Tensors without elements first: they end where the next one begins.
  std::sort(entries.begin(), entries.end(),
            [](const CheckpointEntry& a, const CheckpointEntry& b) {
              return std::tie(a.offset_bytes, a.size_bytes, a.key) <
                     std::tie(b.offset_bytes, b.size_bytes, b.key);
            });
  const int64_t data_begin =
      kSafetensorsPrefixBytes + static_cast<int64_t>(header.size());
  const int64_t payload_bytes = file_size_bytes - data_begin;
  RETURN_IF_ERROR(CheckSizes(entries, payload_bytes));
  RETURN_IF_ERROR(CheckCoverage(entries, payload_bytes));
  for (CheckpointEntry& entry : entries) entry.offset_bytes += data_begin;
  return entries;
}

}  // namespace transformerd
