#include "model/checkpoint/joined.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"

namespace transformerd {

JoinedCheckpoint::JoinedCheckpoint(std::vector<NamedCheckpoint> checkpoints)
    : checkpoints_(std::move(checkpoints)) {
  for (const NamedCheckpoint& checkpoint : checkpoints_) {
    first_entries_.push_back(static_cast<int>(entries_.size()));
    first_files_.push_back(num_files_);
    for (CheckpointEntry entry : checkpoint.reader->entries()) {
      entry.key = absl::StrCat(checkpoint.name, "/", entry.key);
      entry.file += first_files_.back();
      // Files without tensors are never asked for.
      num_files_ = std::max(num_files_, entry.file + 1);
      entries_.push_back(std::move(entry));
    }
  }
}

int JoinedCheckpoint::CheckpointOf(int file) const {
  CHECK(file >= 0 && file < num_files_) << file;
  const auto behind =
      std::upper_bound(first_files_.begin(), first_files_.end(), file);
  return static_cast<int>(behind - first_files_.begin()) - 1;
}

std::string JoinedCheckpoint::file_name(int file) const {
  const int index = CheckpointOf(file);
  return absl::StrCat(
      checkpoints_[index].name, "/",
      checkpoints_[index].reader->file_name(file - first_files_[index]));
}

absl::Status JoinedCheckpoint::Read(
    int file, int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  const int index = CheckpointOf(file);
  return Annotate(checkpoints_[index].reader->Read(file - first_files_[index],
                                                   offset_bytes, buffers),
                  checkpoints_[index].name);
}

absl::Status JoinedCheckpoint::CheckUnchanged() const {
  for (const NamedCheckpoint& checkpoint : checkpoints_) {
    const absl::Status status = checkpoint.reader->CheckUnchanged();
    if (!status.ok()) return Annotate(status, checkpoint.name);
  }
  return absl::OkStatus();
}

}  // namespace transformerd
