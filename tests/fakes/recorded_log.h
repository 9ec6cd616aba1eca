// What is logged while a test looks.
#pragma once

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "glog/logging.h"

namespace transformerd {

// Thread-safe.
class RecordedLog : public google::LogSink {
 public:
  RecordedLog() { google::AddLogSink(this); }
  ~RecordedLog() override { google::RemoveLogSink(this); }

  std::vector<std::string> messages() const {
    absl::MutexLock lock(&mutex_);
    return messages_;
  }

  void send(google::LogSeverity, const char*, const char*, int,
            const google::LogMessageTime&, const char* message,
            size_t size) override {
    absl::MutexLock lock(&mutex_);
    messages_.emplace_back(message, size);
  }

 private:
  mutable absl::Mutex mutex_;
  std::vector<std::string> messages_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
