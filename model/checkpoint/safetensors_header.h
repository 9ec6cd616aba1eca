// The header of a safetensors file, checked rule by rule.
//
// A file is an 8-byte little-endian length n, n bytes of JSON that name each
// tensor's dtype, shape and byte range, and the tensors' bytes. These functions
// are pure: they see bytes and the size of the file, and never the file.
//
// Every refusal is a LoadError; messages name the tensor and the value, and no
// file, which callers add.
#pragma once

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

constexpr int64_t kSafetensorsPrefixBytes = 8;
// The format's own limit.
constexpr int64_t kMaxSafetensorsHeaderBytes = 100'000'000;
// Limits of this project, far above any model in use.
constexpr int64_t kMaxSafetensorsTensors = 1'000'000;
constexpr int64_t kMaxSafetensorsRank = 8;
constexpr int64_t kMaxSafetensorsNameBytes = 1024;

// n, from the first bytes of the file (`prefix` may be shorter than 8, and
// longer). TRUNCATED or HEADER_TOO_LARGE where such a header cannot be in a
// file of that size.
absl::StatusOr<int64_t> ParseSafetensorsPrefix(absl::string_view prefix,
                                               int64_t file_size_bytes);

// The tensors that `header` (the n bytes of JSON) lists, in the order of their
// bytes, with offsets from the start of the file and file index 0. The ranges
// cover all of the file behind the header: without holes, without overlap, each
// as long as its dtype and shape say.
absl::StatusOr<std::vector<CheckpointEntry>> ParseSafetensorsHeader(
    absl::string_view header, int64_t file_size_bytes);

}  // namespace transformerd
