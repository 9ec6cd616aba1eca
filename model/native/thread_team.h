// Threads that help one computation.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {

// A fixed number of threads that wait for work. Used by one caller at a time.
class ThreadTeam {
 public:
  // The caller is one of `num_threads`, at least 1.
  explicit ThreadTeam(int num_threads);
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;
  ~ThreadTeam();

  int num_threads() const { return static_cast<int>(threads_.size()) + 1; }

  // Calls body(i, thread) once for each i in [0, count), in any order, on up to
  // `num_threads` threads, and returns when all are done. `thread` is in
  // [0, num_threads()): bodies with the same one never run at once. Where a
  // body throws, the rest is left out and the first exception thrown on.
  void For(int64_t count, int num_threads,
           const std::function<void(int64_t, int)>& body)
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Serve(int thread) ABSL_LOCKS_EXCLUDED(mutex_);
  // Takes indices until there are none left.
  void Work(int thread) ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  const std::function<void(int64_t, int)>* body_ ABSL_GUARDED_BY(mutex_) =
      nullptr;
  int64_t count_ ABSL_GUARDED_BY(mutex_) = 0;
  int64_t next_ ABSL_GUARDED_BY(mutex_) = 0;
  int helpers_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that may still join
  int working_ ABSL_GUARDED_BY(mutex_) = 0;  // threads that have joined
  std::exception_ptr error_ ABSL_GUARDED_BY(mutex_);
  bool is_over_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<std::thread> threads_;
};

}  // namespace transformerd
