// A checkpoint whose reads go wrong on demand.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/types/span.h"
#include "model/checkpoint/checkpoint_reader.h"

namespace transformerd {

// Passes everything on to another reader, which must outlive it, until the read
// of a given number (the first is 1). Thread-safe.
class FakeCheckpointReader : public CheckpointReader {
 public:
  explicit FakeCheckpointReader(const CheckpointReader& reader)
      : reader_(reader) {}

  // That read and all later ones return `error`.
  void FailAtRead(int number, absl::Status error) ABSL_LOCKS_EXCLUDED(mutex_);
  // The same with what a file says that has become shorter.
  void TruncateAtRead(int number) ABSL_LOCKS_EXCLUDED(mutex_);
  // That read announces itself by `blocked` and waits for `unblock`. Both must
  // outlive the reader.
  void BlockAtRead(int number, absl::Notification& blocked,
                   absl::Notification& unblock) ABSL_LOCKS_EXCLUDED(mutex_);

  // `action` runs before that read, which returns its error. Not under way
  // with another read.
  void OnRead(int number, std::function<absl::Status()> action)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // Reads so far.
  int num_reads() const ABSL_LOCKS_EXCLUDED(mutex_);

  const std::vector<CheckpointEntry>& entries() const override {
    return reader_.entries();
  }
  std::string file_name(int file) const override {
    return reader_.file_name(file);
  }
  absl::Status Read(int file, int64_t offset_bytes,
                    absl::Span<const absl::Span<std::byte>> buffers)
      const override ABSL_LOCKS_EXCLUDED(mutex_);
  absl::Status CheckUnchanged() const override {
    return reader_.CheckUnchanged();
  }

 private:
  const CheckpointReader& reader_;
  mutable absl::Mutex mutex_;
  mutable int num_reads_ ABSL_GUARDED_BY(mutex_) = 0;
  // 0: never.
  int fail_at_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  int action_at_ ABSL_GUARDED_BY(mutex_) = 0;
  std::function<absl::Status()> action_ ABSL_GUARDED_BY(mutex_);
  int block_at_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Notification* blocked_ ABSL_GUARDED_BY(mutex_) = nullptr;
  absl::Notification* unblock_ ABSL_GUARDED_BY(mutex_) = nullptr;
};

}  // namespace transformerd
