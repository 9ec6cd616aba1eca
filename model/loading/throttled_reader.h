// A checkpoint that is read no faster than allowed.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint_reader.h"
#include "model/loading/bandwidth_limit.h"
#include "model/loading/load_control.h"

namespace transformerd {

// Reads through `reader` in steps that `limit` allows, and stops between two of
// them when `control` is cancelled. All three must outlive it.
class ThrottledReader : public CheckpointReader {
 public:
  ThrottledReader(const CheckpointReader& reader, BandwidthLimit& limit,
                  LoadControl& control)
      : reader_(reader), limit_(limit), control_(control) {}

  const std::vector<CheckpointEntry>& entries() const override {
    return reader_.entries();
  }
  std::string file_name(int file) const override {
    return reader_.file_name(file);
  }
  absl::Status Read(
      int file, int64_t offset_bytes,
      absl::Span<const absl::Span<std::byte>> buffers) const override;
  absl::Status CheckUnchanged() const override {
    return reader_.CheckUnchanged();
  }

 private:
  const CheckpointReader& reader_;
  BandwidthLimit& limit_;
  LoadControl& control_;
};

}  // namespace transformerd
