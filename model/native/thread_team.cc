#include "model/native/thread_team.h"

#include <utility>

#include "glog/logging.h"

namespace transformerd {

ThreadTeam::ThreadTeam(int num_threads) {
  CHECK_GE(num_threads, 1);
  for (int thread = 1; thread < num_threads; ++thread) {
    threads_.emplace_back([this, thread] { Serve(thread); });
  }
}

ThreadTeam::~ThreadTeam() {
  {
    absl::MutexLock lock(&mutex_);
    is_over_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::For(int64_t count, int num_threads,
                     const std::function<void(int64_t, int)>& body) {
  if (num_threads <= 1 || count <= 1 || threads_.empty()) {
    for (int64_t i = 0; i < count; ++i) body(i, 0);
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    body_ = &body;
    count_ = count;
    next_ = 0;
    helpers_ = num_threads - 1;
  }
  Work(0);
  std::exception_ptr error;
  {
    absl::MutexLock lock(&mutex_);
    helpers_ = 0;
    const auto is_done = [this] {
      mutex_.AssertHeld();
      return working_ == 0;
    };
    mutex_.Await(absl::Condition(&is_done));
    error = std::exchange(error_, nullptr);
  }
  if (error != nullptr) std::rethrow_exception(error);
}

void ThreadTeam::Serve(int thread) {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      const auto is_wanted = [this] {
        mutex_.AssertHeld();
        return is_over_ || (helpers_ > 0 && next_ < count_);
      };
      mutex_.Await(absl::Condition(&is_wanted));
      if (is_over_) return;
      --helpers_;
      ++working_;
    }
    Work(thread);
    absl::MutexLock lock(&mutex_);
    --working_;
  }
}

void ThreadTeam::Work(int thread) {
  while (true) {
    const std::function<void(int64_t, int)>* body = nullptr;
    int64_t index = 0;
    {
      absl::MutexLock lock(&mutex_);
      if (next_ >= count_) return;
      index = next_++;
      body = body_;
    }
    try {
      (*body)(index, thread);
    } catch (...) {
      absl::MutexLock lock(&mutex_);
      if (error_ == nullptr) error_ = std::current_exception();
      next_ = count_;
    }
  }
}

}  // namespace transformerd
