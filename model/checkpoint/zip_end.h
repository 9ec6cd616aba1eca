// The last records of a zip archive, which say where its directory is.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "model/checkpoint/byte_source.h"

namespace transformerd {

struct ZipEnd {
  int64_t num_entries = 0;
  // The directory lies inside of the file, directly before these records.
  int64_t directory_offset_bytes = 0;
  int64_t directory_size_bytes = 0;
};

// Reads them, with and without zip64. ZIP_INVALID where the file does not end
// in them (a comment would be the place to hide a second archive in), or where
// they contradict each other.
absl::StatusOr<ZipEnd> ReadZipEnd(const ByteSource& source);

}  // namespace transformerd
