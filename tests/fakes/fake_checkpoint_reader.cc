#include "tests/fakes/fake_checkpoint_reader.h"

#include "model/base/error_details.h"

namespace transformerd {

void FakeCheckpointReader::FailAtRead(int number, absl::Status error) {
  absl::MutexLock lock(&mutex_);
  fail_at_ = number;
  error_ = std::move(error);
}

void FakeCheckpointReader::TruncateAtRead(int number) {
  FailAtRead(number, LoadError(Reason::kTruncated,
                               "model.safetensors: ends at byte 8, expected "
                               "more"));
}

void FakeCheckpointReader::BlockAtRead(int number, absl::Notification& blocked,
                                       absl::Notification& unblock) {
  absl::MutexLock lock(&mutex_);
  block_at_ = number;
  blocked_ = &blocked;
  unblock_ = &unblock;
}

void FakeCheckpointReader::OnRead(int number,
                                  std::function<absl::Status()> action) {
  absl::MutexLock lock(&mutex_);
  action_at_ = number;
  action_ = std::move(action);
}

int FakeCheckpointReader::num_reads() const {
  absl::MutexLock lock(&mutex_);
  return num_reads_;
}

absl::Status FakeCheckpointReader::Read(
    int file, int64_t offset_bytes,
    absl::Span<const absl::Span<std::byte>> buffers) const {
  absl::Notification* unblock = nullptr;
  std::function<absl::Status()> action;
  {
    absl::MutexLock lock(&mutex_);
    ++num_reads_;
    if (fail_at_ != 0 && num_reads_ >= fail_at_) return error_;
    if (num_reads_ == action_at_) action = action_;
    if (num_reads_ == block_at_) {
      blocked_->Notify();
      unblock = unblock_;
    }
  }
  if (unblock != nullptr) unblock->WaitForNotification();
  if (action != nullptr) {
    if (absl::Status fault = action(); !fault.ok()) return fault;
  }
  return reader_.Read(file, offset_bytes, buffers);
}

}  // namespace transformerd
