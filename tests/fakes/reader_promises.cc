#include "tests/fakes/reader_promises.h"

#include <cstddef>
#include <set>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/shape.h"
#include "tests/fakes/read_tensor.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxReadBytes = 1 << 20;
// Messages go to clients, which drop answers with long ones.
constexpr size_t kMaxMessageBytes = 2000;

std::string Check(const CheckpointReader& reader,
                  const CheckpointEntry& entry) {
  if (SizeBytes(entry.dtype, entry.shape) != entry.size_bytes) {
    return "a size that does not fit the shape";
  }
  if (entry.offset_bytes < 0) return "a negative offset";
  if (entry.size_bytes > kMaxReadBytes) return "";
  const absl::Status status = ReadTensor(reader, entry).status();
  // The bytes are there; only their checksum may be wrong.
  if (status.ok() || ReasonOf(status) == "ZIP_INVALID") return "";
  return absl::StrCat("cannot be read: ", status.ToString());
}

}  // namespace

std::string BrokenPromise(const CheckpointReader& reader) {
  std::set<std::string> keys;
  std::pair<int, int64_t> previous = {0, 0};
  for (const CheckpointEntry& entry : reader.entries()) {
    if (!keys.insert(entry.key).second) {
      return absl::StrCat("key ", entry.key, " twice");
    }
    const std::pair<int, int64_t> place = {entry.file, entry.offset_bytes};
    if (place < previous) return absl::StrCat(entry.key, ": not in order");
    previous = place;
    const std::string broken = Check(reader, entry);
    if (!broken.empty()) return absl::StrCat(entry.key, ": ", broken);
  }
  return "";
}

std::string BrokenPromise(const absl::Status& error) {
  if (!ReasonOf(error).has_value()) {
    return absl::StrCat("no reason: ", error.ToString());
  }
  if (error.message().size() > kMaxMessageBytes) return "a message too long";
  return "";
}

}  // namespace transformerd
