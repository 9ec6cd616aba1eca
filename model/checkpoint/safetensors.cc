#include "model/checkpoint/safetensors.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/safetensors_header.h"

namespace transformerd {
namespace {

// Until a read fails the file was as long as its header says, so whatever is
// missing went missing.
absl::Status Truncated(const absl::Status& status) {
  return status.ok() ? status : LoadError(Reason::kTruncated, status.message());
}

class SafetensorsReader : public CheckpointReader {
 public:
  SafetensorsReader(std::string name, RegularFile file, absl::Time modified_at,
                    std::vector<CheckpointEntry> entries)
      : name_(std::move(name)),
        file_(std::move(file)),
        modified_at_(modified_at),
        entries_(std::move(entries)) {}

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }

  std::string file_name(int file) const override {
    CHECK_EQ(file, 0);
    return name_;
  }

  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override {
    CHECK_EQ(file, 0);
    return Annotate(Truncated(file_.Read(offset_bytes, buffers)), name_);
  }

  absl::Status CheckUnchanged() const override {
    absl::StatusOr<absl::Time> modified_at = file_.modified_at();
    if (!modified_at.ok()) return Annotate(modified_at.status(), name_);
    if (*modified_at == modified_at_) return absl::OkStatus();
    return Annotate(LoadError(Reason::kHeaderInvalid,
                              "was written to while it was being read"),
                    name_);
  }

 private:
  const std::string name_;
  const RegularFile file_;
  const absl::Time modified_at_;
  const std::vector<CheckpointEntry> entries_;
};

absl::StatusOr<std::string> ReadText(const RegularFile& file,
                                     int64_t offset_bytes, int64_t size_bytes) {
  std::string text(size_bytes, '\0');
  const absl::Span<std::byte> buffer(reinterpret_cast<std::byte*>(text.data()),
                                     text.size());
  RETURN_IF_ERROR(Truncated(file.Read(offset_bytes, {buffer})));
  return text;
}

absl::StatusOr<std::vector<CheckpointEntry>> ReadHeader(
    const RegularFile& file) {
  ASSIGN_OR_RETURN(const int64_t size_bytes, file.size_bytes());
  ASSIGN_OR_RETURN(
      const std::string prefix,
      ReadText(file, 0, std::min(size_bytes, kSafetensorsPrefixBytes)));
  ASSIGN_OR_RETURN(const int64_t header_bytes,
                   ParseSafetensorsPrefix(prefix, size_bytes));
  ASSIGN_OR_RETURN(const std::string header,
                   ReadText(file, kSafetensorsPrefixBytes, header_bytes));
  // A file that is still being written, or replaced in place.
  ASSIGN_OR_RETURN(const int64_t size_after, file.size_bytes());
  if (size_after != size_bytes) {
    return LoadError(Reason::kTruncated,
                     absl::StrCat("changed from ", size_bytes, " to ",
                                  size_after, " bytes while it was opened"));
  }
  return ParseSafetensorsHeader(header, size_bytes);
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenSafetensors(
    const std::string& path) {
  std::string name = path.substr(path.rfind('/') + 1);
  absl::StatusOr<RegularFile> file = RegularFile::Open(path);
  if (!file.ok()) {
    return Annotate(
        LoadError(Reason::kWeightsNotFound, file.status().message()), name);
  }
  // Before the header, which is part of what must not change.
  const absl::StatusOr<absl::Time> modified_at = file->modified_at();
  if (!modified_at.ok()) return Annotate(modified_at.status(), name);
  absl::StatusOr<std::vector<CheckpointEntry>> entries = ReadHeader(*file);
  if (!entries.ok()) return Annotate(entries.status(), name);
  return std::make_unique<SafetensorsReader>(std::move(name), *std::move(file),
                                             *modified_at, *std::move(entries));
}

}  // namespace transformerd
