// Any bytes as a safetensors file: reading its header must not crash, refuses
// with a reason, and accepts only what covers the file exactly.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "model/checkpoint/safetensors_header.h"

namespace transformerd {
namespace {

// Messages go to clients, which drop answers with long ones.
constexpr size_t kMaxMessageBytes = 1000;

void CheckError(const absl::Status& status) {
  CHECK(ReasonOf(status).has_value()) << status;
  CHECK_LE(status.message().size(), kMaxMessageBytes);
}

void CheckUnique(const std::vector<CheckpointEntry>& entries) {
  std::vector<absl::string_view> keys;
  for (const CheckpointEntry& entry : entries) keys.push_back(entry.key);
  std::sort(keys.begin(), keys.end());
  CHECK(std::adjacent_find(keys.begin(), keys.end()) == keys.end());
}

void CheckCoverage(const std::vector<CheckpointEntry>& entries, int64_t begin,
                   int64_t file_size_bytes) {
  int64_t end = begin;
  for (const CheckpointEntry& entry : entries) {
    CHECK_EQ(entry.offset_bytes, end);
    CHECK(SizeBytes(entry.dtype, entry.shape) == entry.size_bytes);
    end += entry.size_bytes;
  }
  CHECK_EQ(end, file_size_bytes);
}

void ParseFile(absl::string_view file) {
  const int64_t size_bytes = static_cast<int64_t>(file.size());
  const auto header_bytes = ParseSafetensorsPrefix(file, size_bytes);
  if (!header_bytes.ok()) return CheckError(header_bytes.status());
  const auto entries = ParseSafetensorsHeader(
      file.substr(kSafetensorsPrefixBytes, *header_bytes), size_bytes);
  if (!entries.ok()) return CheckError(entries.status());
  CheckUnique(*entries);
  CheckCoverage(*entries, kSafetensorsPrefixBytes + *header_bytes, size_bytes);
}

}  // namespace
}  // namespace transformerd

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  transformerd::ParseFile({reinterpret_cast<const char*>(data), size});
  return 0;
}
