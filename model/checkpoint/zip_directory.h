// The table of contents of a zip archive, as torch.save writes them, and no
// other: entries are stored and not compressed, and nothing contradicts itself.
//
// A zip archive tells most facts twice (local headers and central directory,
// zip64 and not), and parsers that believe different copies see different
// archives. This one compares all of them. Every refusal is a LoadError, mostly
// ZIP_INVALID, that names the entry and no file.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "model/checkpoint/byte_source.h"

namespace transformerd {

// Limits of this project, far above any checkpoint in use.
constexpr int64_t kMaxZipEntries = 100'000;
constexpr int64_t kMaxZipDirectoryBytes = 32 << 20;
constexpr int64_t kMaxZipNameBytes = 1024;

struct ZipEntry {
  std::string name;          // relative, without "." and ".."
  int64_t offset_bytes = 0;  // of the content, from the start of the file
  int64_t size_bytes = 0;
  uint32_t crc32 = 0;  // of the content, unchecked
};

// All entries, ordered by offset: names are unique, contents lie inside of the
// file and do not overlap. Nothing of the contents is read.
absl::StatusOr<std::vector<ZipEntry>> ReadZipDirectory(
    const ByteSource& source);

// The content of a small entry, its checksum checked. ZIP_INVALID for one of
// more than `max_size_bytes`, which is then not read.
absl::StatusOr<std::string> ReadZipEntry(const ByteSource& source,
                                         const ZipEntry& entry,
                                         int64_t max_size_bytes);

}  // namespace transformerd
