#include "server/services/text_pool.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/error_details.h"
#include "server/scheduling/job.h"

namespace transformerd {
namespace {

// Rows of one call before the next call has its turn: few, so that nobody waits
// long, and enough to make taking turns cheap.
constexpr int64_t kRowsPerTurn = 16;

}  // namespace

// The rows of one call. Thread-safe.
class TextPool::Call {
 public:
  Call(int64_t model, int64_t num_rows, RowFunction work, Done done)
      : model_(model),
        num_rows_(num_rows),
        work_(std::move(work)),
        done_(std::move(done)) {}

  int64_t model() const { return model_; }

  // Works on the next rows, until `is_stopped`. True where rows are left that
  // nobody works on.
  bool TakeTurn(const std::atomic<bool>& is_stopped) {
    const int64_t begin = next_row_.fetch_add(kRowsPerTurn);
    const int64_t end = std::min(begin + kRowsPerTurn, num_rows_);
    for (int64_t row = begin; row < end; ++row) {
      if (has_failed_) break;
      const absl::Status status = is_stopped ? StoppingError() : work_(row);
      if (!status.ok()) Fail(row, status);
    }
    return end < num_rows_;
  }

  // After the last turn of all threads.
  void Finish() {
    absl::Status error;
    {
      absl::MutexLock lock(&mutex_);
      error = std::move(error_);
    }
    std::move(done_)(std::move(error));
  }

  // Threads that will take turns; guarded by the pool's mutex.
  int64_t num_threads = 0;

 private:
  void Fail(int64_t row, const absl::Status& status) {
    absl::MutexLock lock(&mutex_);
    if (error_.ok() || row < failed_row_) {
      error_ = status;
      failed_row_ = row;
    }
    has_failed_ = true;
  }

  const int64_t model_;
  const int64_t num_rows_;
  const RowFunction work_;
  Done done_;
  std::atomic<int64_t> next_row_{0};
  std::atomic<bool> has_failed_{false};
  absl::Mutex mutex_;
  absl::Status error_ ABSL_GUARDED_BY(mutex_);
  int64_t failed_row_ ABSL_GUARDED_BY(mutex_) = 0;
};

TextPool::TextPool(int num_threads) {
  CHECK_GT(num_threads, 0);
  threads_.reserve(num_threads);
  for (int i = 0; i < num_threads; ++i) {
    threads_.emplace_back([this, i] {
      pthread_setname_np(pthread_self(), absl::StrCat("text-", i).c_str());
      Serve();
    });
  }
}

TextPool::~TextPool() {
  {
    absl::MutexLock lock(&mutex_);
    is_closing_ = true;
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::Status TextPool::ForEachRow(const Share& share, int64_t num_rows,
                                  RowFunction work, Done done) {
  CHECK_GT(num_rows, 0);
  absl::MutexLock lock(&mutex_);
  const auto found = calls_.find(share.model);
  const int64_t calls = found == calls_.end() ? 0 : found->second;
  if (calls >= share.max_calls) {
    return WithRetryDelay(
        absl::ResourceExhaustedError(absl::StrCat(
            calls, " calls with texts wait, --max_queue_requests is ",
            share.max_calls)),
        kRetryDelay);
  }
  calls_[share.model] = calls + 1;
  auto call = std::make_shared<Call>(share.model, num_rows, std::move(work),
                                     std::move(done));
  const int64_t turns = (num_rows + kRowsPerTurn - 1) / kRowsPerTurn;
  call->num_threads = std::min(static_cast<int64_t>(threads_.size()), turns);
  for (int64_t i = 0; i < call->num_threads; ++i) turns_.push_back(call);
  return absl::OkStatus();
}

void TextPool::Serve() {
  const auto is_due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return !turns_.empty() || (is_closing_ && calls_.empty());
  };
  for (;;) {
    std::shared_ptr<Call> call;
    {
      absl::MutexLock lock(&mutex_, absl::Condition(&is_due));
      if (turns_.empty()) return;
      call = std::move(turns_.front());
      turns_.pop_front();
    }
    const bool is_unfinished = call->TakeTurn(is_stopped_);
    {
      absl::MutexLock lock(&mutex_);
      if (is_unfinished) {
        turns_.push_back(std::move(call));
        continue;
      }
      if (--call->num_threads > 0) continue;
      const auto calls = calls_.find(call->model());
      if (--calls->second == 0) calls_.erase(calls);
    }
    call->Finish();
  }
}

}  // namespace transformerd
