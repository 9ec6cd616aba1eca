// Threads that turn text into tokens.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"

namespace transformerd {

// Work on the texts of many calls: neither gRPC's threads nor, behind a call of
// ten thousand texts, other calls wait for it. Calls take turns, a few rows
// each, and one alone gets all threads.
//
// Thread-safe.
class TextPool {
 public:
  // Works on one row. Called by several threads at once for different rows.
  using RowFunction = std::function<absl::Status(int64_t row)>;
  using Done = absl::AnyInvocable<void(absl::Status) &&>;

  // Calls that are counted together, and how many there may be at once.
  struct Share {
    int64_t model = 0;  // of an instance: ModelHandle::generation()
    int64_t max_calls = 4096;
  };

  explicit TextPool(int num_threads);
  // Finishes what was accepted and not stopped.
  ~TextPool();
  TextPool(const TextPool&) = delete;
  TextPool& operator=(const TextPool&) = delete;

  // Calls `work` for the rows [0, num_rows) and then, once and on a thread of
  // the pool, `done` with OK or the error of the lowest row that failed; after
  // a failure rows are skipped. RESOURCE_EXHAUSTED, with a retry delay and
  // without having called anything, where its share has too many calls.
  absl::Status ForEachRow(const Share& share, int64_t num_rows,
                          RowFunction work, Done done)
      ABSL_LOCKS_EXCLUDED(mutex_);

  // From now on no row is begun: calls that are not finished, and those that
  // come, end with UNAVAILABLE and a retry delay.
  void Stop() { is_stopped_ = true; }

 private:
  class Call;

  void Serve() ABSL_LOCKS_EXCLUDED(mutex_);

  absl::Mutex mutex_;
  // Each entry is a thread's worth of work on a call.
  std::deque<std::shared_ptr<Call>> turns_ ABSL_GUARDED_BY(mutex_);
  // Those that have not ended, of each model that has some.
  absl::flat_hash_map<int64_t, int64_t> calls_ ABSL_GUARDED_BY(mutex_);
  bool is_closing_ ABSL_GUARDED_BY(mutex_) = false;
  std::atomic<bool> is_stopped_{false};
  std::vector<std::thread> threads_;
};

}  // namespace transformerd
