// A file system that may hang.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/folder_reader.h"

namespace transformerd {

// The system's reader, whose calls hang between Block and Unblock. Thread-safe.
class BlockingFolderReader : public FolderReader {
 public:
  void Block() { SetBlocked(true); }
  void Unblock() { SetBlocked(false); }
  // Returns once a call hangs.
  void AwaitBlockedCall() {
    absl::MutexLock lock(&mutex_);
    const auto hangs = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return num_hanging_ > 0;
    };
    mutex_.Await(absl::Condition(&hangs));
  }

  std::optional<std::vector<std::string>> NamesIn(
      const std::string& path) override {
    Hang();
    return System().NamesIn(path);
  }
  bool IsFolder(const std::string& path) override {
    Hang();
    return System().IsFolder(path);
  }

 private:
  void SetBlocked(bool is_blocked) {
    absl::MutexLock lock(&mutex_);
    is_blocked_ = is_blocked;
  }
  void Hang() {
    absl::MutexLock lock(&mutex_);
    ++num_hanging_;
    const auto goes_on = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
      return !is_blocked_;
    };
    mutex_.Await(absl::Condition(&goes_on));
    --num_hanging_;
  }

  absl::Mutex mutex_;
  bool is_blocked_ ABSL_GUARDED_BY(mutex_) = false;
  int num_hanging_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace transformerd
