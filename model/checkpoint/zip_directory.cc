#include "model/checkpoint/zip_directory.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/crc32.h"
#include "model/checkpoint/zip_end.h"

namespace transformerd {
namespace {

constexpr absl::string_view kLocalSignature("PK\3\4", 4);
constexpr absl::string_view kCentralSignature("PK\1\2", 4);
constexpr int64_t kLocalHeaderBytes = 30;
constexpr int64_t kCentralHeaderBytes = 46;
// Sizes behind the content (bit 3) and names in UTF-8 (bit 11).
constexpr uint16_t kSizesFollow = 1 << 3;
constexpr uint16_t kKnownFlags = kSizesFollow | 1 << 11;
constexpr uint16_t kZip64Field = 1;
// Of MS-DOS. Torch reads nothing from such an entry.
constexpr uint32_t kFolderAttribute = 0x10;
// "Look into the zip64 field."
constexpr uint32_t kElsewhere = 0xFFFFFFFF;

absl::Status EntryError(absl::string_view name, absl::string_view message) {
  return LoadError(Reason::kZipInvalid,
                   absl::StrCat("entry ", Quoted(name), ": ", message));
}

absl::Status CheckName(absl::string_view name) {
  if (name.size() > kMaxZipNameBytes) {
    return EntryError(
        name, absl::StrCat("name of ", name.size(), " bytes, expected at most ",
                           kMaxZipNameBytes));
  }
  for (absl::string_view part : absl::StrSplit(name, '/')) {
    if (IsFileName(part) && part.find('\\') == absl::string_view::npos)
      continue;
    return EntryError(name,
                      "expected a relative path without \".\" and \"..\"");
  }
  return absl::OkStatus();
}

// The figures of an entry, before they are compared with the local header.
struct CentralEntry {
  ZipEntry entry;
  int64_t header_offset_bytes = 0;
  uint16_t flags = 0;
};

// Replaces the figures that stand in the zip64 field, of which there must be as
// many as the entry needs.
absl::Status ResolveZip64(absl::string_view extra, absl::string_view name,
                          absl::Span<uint64_t* const> figures) {
  absl::string_view field;
  bool found = false;
  while (extra.size() >= 4) {
    const uint16_t id = Little16(extra), size_bytes = Little16(extra.substr(2));
    extra.remove_prefix(4);
    if (size_bytes > extra.size()) break;
    if (id == kZip64Field) {
      if (std::exchange(found, true)) {
        return EntryError(name, "has two zip64 fields");
      }
      field = extra.substr(0, size_bytes);
    }
    extra.remove_prefix(size_bytes);
  }
  if (!extra.empty()) return EntryError(name, "has a broken extra field");
  for (uint64_t* figure : figures) {
    if (*figure != kElsewhere) continue;
    if (field.size() < 8) return EntryError(name, "lacks a zip64 figure");
    *figure = Little64(field);
    field.remove_prefix(8);
  }
  if (field.empty()) return absl::OkStatus();
  return EntryError(name, "has zip64 figures that nothing refers to");
}

// Takes one header off the front of `directory`.
absl::StatusOr<CentralEntry> TakeCentralEntry(absl::string_view& directory) {
  if (directory.substr(0, 4) != kCentralSignature ||
      static_cast<int64_t>(directory.size()) < kCentralHeaderBytes) {
    return LoadError(Reason::kZipInvalid, "the central directory is broken");
  }
  const absl::string_view header = directory.substr(0, kCentralHeaderBytes);
  const size_t name_bytes = Little16(header.substr(28));
  const size_t extra_bytes = Little16(header.substr(30));
  const size_t comment_bytes = Little16(header.substr(32));
  directory.remove_prefix(header.size());
  if (name_bytes + extra_bytes + comment_bytes > directory.size()) {
    return LoadError(Reason::kZipInvalid, "the central directory is cut off");
  }
  const absl::string_view name = directory.substr(0, name_bytes);
  const absl::string_view extra = directory.substr(name_bytes, extra_bytes);
  directory.remove_prefix(name_bytes + extra_bytes + comment_bytes);
  RETURN_IF_ERROR(CheckName(name));
  CentralEntry central;
  central.flags = Little16(header.substr(8));
  if ((central.flags & ~kKnownFlags) != 0) {
    return EntryError(name, absl::StrCat("flags ", central.flags,
                                         ", expected no encryption and no "
                                         "other extension"));
  }
  const uint16_t method = Little16(header.substr(10));
  if (method != 0) {
    return EntryError(name, absl::StrCat("compression method ", method,
                                         ", expected 0 (stored)"));
  }
  if (Little16(header.substr(34)) != 0) {
    return EntryError(name, "is in another part of the archive");
  }
  if ((Little32(header.substr(38)) & kFolderAttribute) != 0) {
    return EntryError(name, "is marked as a folder");
  }
  uint64_t size_bytes = Little32(header.substr(24));
  uint64_t compressed_bytes = Little32(header.substr(20));
  uint64_t offset_bytes = Little32(header.substr(42));
  RETURN_IF_ERROR(ResolveZip64(
      extra, name, {&size_bytes, &compressed_bytes, &offset_bytes}));
  if (size_bytes != compressed_bytes) {
    return EntryError(name, absl::StrCat("is stored as ", compressed_bytes,
                                         " bytes, expected ", size_bytes));
  }
  // Beyond any file; keeps the sums below from overflowing.
  constexpr uint64_t kMax = uint64_t{1} << 62;
  if (size_bytes > kMax || offset_bytes > kMax) {
    return EntryError(name, absl::StrCat(size_bytes, " bytes at ", offset_bytes,
                                         " are not inside of the file"));
  }
  central.entry.name = std::string(name);
  central.entry.size_bytes = static_cast<int64_t>(size_bytes);
  central.entry.crc32 = Little32(header.substr(16));
  central.header_offset_bytes = static_cast<int64_t>(offset_bytes);
  return central;
}

// A figure of the local header: as in the directory, or left to come later, or
// in a zip64 field.
bool Agrees(uint32_t local, int64_t central, bool sizes_follow) {
  return local == central || local == kElsewhere ||
         (sizes_follow && local == 0);
}

// Fills in where the content begins. `limit_bytes` is where the next header
// (or the directory) does.
absl::Status ReadLocalHeader(const ByteSource& source, int64_t limit_bytes,
                             CentralEntry& central) {
  ZipEntry& entry = central.entry;
  const int64_t room = limit_bytes - central.header_offset_bytes;
  const auto name_bytes = static_cast<int64_t>(entry.name.size());
  if (room < kLocalHeaderBytes + name_bytes + entry.size_bytes) {
    return EntryError(entry.name,
                      "overlaps what follows, or is not inside of the file");
  }
  ASSIGN_OR_RETURN(const std::string text,
                   ReadString(source, central.header_offset_bytes,
                              kLocalHeaderBytes + name_bytes));
  const absl::string_view header = text;
  const uint16_t flags = Little16(header.substr(6));
  const bool follow = (flags & kSizesFollow) != 0;
  if (header.substr(0, 4) != kLocalSignature || flags != central.flags ||
      Little16(header.substr(8)) != 0 ||
      Little16(header.substr(26)) != name_bytes ||
      header.substr(kLocalHeaderBytes) != entry.name ||
      !(Little32(header.substr(14)) == entry.crc32 ||
        (follow && Little32(header.substr(14)) == 0)) ||
      !Agrees(Little32(header.substr(18)), entry.size_bytes, follow) ||
      !Agrees(Little32(header.substr(22)), entry.size_bytes, follow)) {
    return EntryError(entry.name,
                      "its local header differs from the central directory");
  }
  const int64_t content =
      kLocalHeaderBytes + name_bytes + Little16(header.substr(28));
  if (room < content + entry.size_bytes) {
    return EntryError(entry.name,
                      "overlaps what follows, or is not inside of the file");
  }
  entry.offset_bytes = central.header_offset_bytes + content;
  return absl::OkStatus();
}

absl::Status CheckUnique(const std::vector<ZipEntry>& entries) {
  std::vector<absl::string_view> names;
  names.reserve(entries.size());
  for (const ZipEntry& entry : entries) names.push_back(entry.name);
  std::sort(names.begin(), names.end());
  const auto twice = std::adjacent_find(names.begin(), names.end());
  if (twice == names.end()) return absl::OkStatus();
  return EntryError(*twice, "is there twice");
}

}  // namespace

absl::StatusOr<std::vector<ZipEntry>> ReadZipDirectory(
    const ByteSource& source) {
  ASSIGN_OR_RETURN(const ZipEnd end, ReadZipEnd(source));
  if (end.num_entries > kMaxZipEntries ||
      end.directory_size_bytes > kMaxZipDirectoryBytes) {
    return LoadError(
        Reason::kZipInvalid,
        absl::StrCat("lists ", end.num_entries, " entries in ",
                     end.directory_size_bytes, " bytes, expected at most ",
                     kMaxZipEntries, " in ", kMaxZipDirectoryBytes));
  }
  ASSIGN_OR_RETURN(
      const std::string text,
      ReadString(source, end.directory_offset_bytes, end.directory_size_bytes));
  absl::string_view directory = text;
  std::vector<CentralEntry> central;
  for (int64_t i = 0; i < end.num_entries; ++i) {
    ASSIGN_OR_RETURN(CentralEntry entry, TakeCentralEntry(directory));
    central.push_back(std::move(entry));
  }
  if (!directory.empty()) {
    return LoadError(
        Reason::kZipInvalid,
        absl::StrCat(directory.size(), " bytes behind the last of the ",
                     end.num_entries, " entries"));
  }
  std::sort(central.begin(), central.end(),
            [](const CentralEntry& a, const CentralEntry& b) {
              return a.header_offset_bytes < b.header_offset_bytes;
            });
  std::vector<ZipEntry> entries;
  entries.reserve(central.size());
  for (size_t i = 0; i < central.size(); ++i) {
    const int64_t limit = i + 1 < central.size()
                              ? central[i + 1].header_offset_bytes
                              : end.directory_offset_bytes;
    RETURN_IF_ERROR(ReadLocalHeader(source, limit, central[i]));
    entries.push_back(std::move(central[i].entry));
  }
  RETURN_IF_ERROR(CheckUnique(entries));
  return entries;
}

absl::StatusOr<std::string> ReadZipEntry(const ByteSource& source,
                                         const ZipEntry& entry,
                                         int64_t max_size_bytes) {
  if (entry.size_bytes > max_size_bytes) {
    return EntryError(
        entry.name, absl::StrCat("has ", entry.size_bytes,
                                 " bytes, expected at most ", max_size_bytes));
  }
  ASSIGN_OR_RETURN(std::string content,
                   ReadString(source, entry.offset_bytes, entry.size_bytes));
  const uint32_t crc = ExtendCrc32(
      0, {reinterpret_cast<const std::byte*>(content.data()), content.size()});
  if (crc == entry.crc32) return content;
  return EntryError(entry.name, "its checksum (CRC-32) does not match");
}

}  // namespace transformerd
