#include "model/checkpoint/zip_end.h"

#include <algorithm>
#include <string>

#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr absl::string_view kEndSignature("PK\5\6", 4);
constexpr absl::string_view kLocatorSignature("PK\6\7", 4);
constexpr absl::string_view kEnd64Signature("PK\6\6", 4);
constexpr int64_t kEndBytes = 22;
constexpr int64_t kLocatorBytes = 20;
constexpr int64_t kEnd64Bytes = 56;

// The figures that both kinds of records hold.
struct Figures {
  uint64_t disk, directory_disk, disk_entries, entries, size_bytes,
      offset_bytes;
};

absl::Status Broken(absl::string_view message) {
  return LoadError(Reason::kZipInvalid, message);
}

Figures FiguresOfEnd(absl::string_view record) {
  return {Little16(record.substr(4)),  Little16(record.substr(6)),
          Little16(record.substr(8)),  Little16(record.substr(10)),
          Little32(record.substr(12)), Little32(record.substr(16))};
}

Figures FiguresOfEnd64(absl::string_view record) {
  return {Little32(record.substr(16)), Little32(record.substr(20)),
          Little64(record.substr(24)), Little64(record.substr(32)),
          Little64(record.substr(40)), Little64(record.substr(48))};
}

// A figure that does not fit is all ones and stands in the zip64 record only.
bool Agrees(uint64_t narrow, uint64_t wide, uint64_t all_ones) {
  return narrow == wide || narrow == all_ones;
}

bool Agree(const Figures& end, const Figures& end64) {
  return Agrees(end.disk, end64.disk, 0xFFFF) &&
         Agrees(end.directory_disk, end64.directory_disk, 0xFFFF) &&
         Agrees(end.disk_entries, end64.disk_entries, 0xFFFF) &&
         Agrees(end.entries, end64.entries, 0xFFFF) &&
         Agrees(end.size_bytes, end64.size_bytes, 0xFFFFFFFF) &&
         Agrees(end.offset_bytes, end64.offset_bytes, 0xFFFFFFFF);
}

// `records_begin` is where the first of the end records lies.
absl::StatusOr<ZipEnd> Check(const Figures& figures, int64_t records_begin) {
  if (figures.disk != 0 || figures.directory_disk != 0 ||
      figures.disk_entries != figures.entries) {
    return Broken("is one of several parts of an archive");
  }
  const auto limit = static_cast<uint64_t>(records_begin);
  if (figures.offset_bytes > limit ||
      figures.size_bytes != limit - figures.offset_bytes ||
      figures.entries > figures.size_bytes) {
    return Broken("the central directory is not where its end says");
  }
  return ZipEnd{static_cast<int64_t>(figures.entries),
                static_cast<int64_t>(figures.offset_bytes),
                static_cast<int64_t>(figures.size_bytes)};
}

}  // namespace

absl::StatusOr<ZipEnd> ReadZipEnd(const ByteSource& source) {
  const int64_t tail_bytes =
      std::min(source.size_bytes(), kEnd64Bytes + kLocatorBytes + kEndBytes);
  const int64_t tail_begin = source.size_bytes() - tail_bytes;
  ASSIGN_OR_RETURN(const std::string text,
                   ReadString(source, tail_begin, tail_bytes));
  absl::string_view tail = text;
  if (tail_bytes < kEndBytes) return Broken("is too short for a zip archive");
  const absl::string_view end = tail.substr(tail_bytes - kEndBytes);
  if (end.substr(0, 4) != kEndSignature || Little16(end.substr(20)) != 0) {
    return Broken("does not end in a central directory (was it cut off?)");
  }
  tail.remove_suffix(kEndBytes);
  const Figures figures = FiguresOfEnd(end);
  const int64_t locator_offset =
      static_cast<int64_t>(tail.size()) - kLocatorBytes;
  if (locator_offset < 0 ||
      tail.substr(locator_offset, 4) != kLocatorSignature) {
    return Check(figures, source.size_bytes() - kEndBytes);
  }
  const absl::string_view locator = tail.substr(locator_offset);
  tail.remove_suffix(kLocatorBytes);
  if (static_cast<int64_t>(tail.size()) != kEnd64Bytes ||
      tail.substr(0, 4) != kEnd64Signature ||
      Little64(tail.substr(4)) != kEnd64Bytes - 12 ||
      Little32(locator.substr(4)) != 0 ||
      Little64(locator.substr(8)) != static_cast<uint64_t>(tail_begin) ||
      Little32(locator.substr(16)) != 1) {
    return Broken("the zip64 records at its end are broken");
  }
  const Figures figures64 = FiguresOfEnd64(tail);
  if (!Agree(figures, figures64)) {
    return Broken("the zip64 record contradicts the end of the directory");
  }
  return Check(figures64, tail_begin);
}

}  // namespace transformerd
