// Several checkpoints as one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

struct NamedCheckpoint {
  std::string name;
  std::unique_ptr<CheckpointReader> reader;
};

// Entries and files are those of all checkpoints, in their order; keys and
// names of files have the name of their checkpoint and a slash before them.
class JoinedCheckpoint : public CheckpointReader {
 public:
  // Names must differ.
  explicit JoinedCheckpoint(std::vector<NamedCheckpoint> checkpoints);

  // One of them by itself, with its own keys.
  const CheckpointReader& checkpoint(int index) const {
    return *checkpoints_[index].reader;
  }
  // Where its entries begin among all.
  int first_entry(int index) const { return first_entries_[index]; }

  const std::vector<CheckpointEntry>& entries() const override {
    return entries_;
  }
  std::string file_name(int file) const override;
  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override;
  absl::Status CheckUnchanged() const override;

 private:
  // Index of the checkpoint that a file belongs to.
  int CheckpointOf(int file) const;

  const std::vector<NamedCheckpoint> checkpoints_;
  std::vector<CheckpointEntry> entries_;
  std::vector<int> first_entries_, first_files_;  // one a checkpoint
  int num_files_ = 0;
};

}  // namespace transformerd
