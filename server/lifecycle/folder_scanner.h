// What is in a repository's folder, for those who must not wait for it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "server/lifecycle/repository_folder.h"

namespace transformerd {

// By name, what RepositoryFolder::Versions said of each of its models.
using FolderListing =
    std::map<std::string, absl::StatusOr<std::map<int64_t, std::string>>,
             std::less<>>;

// Looks into the folder on a thread of its own, when it is asked to. A file
// system that hangs holds up that thread and nobody else; the destructor waits
// for it.
//
// Thread-safe.
class FolderScanner {
 public:
  // Called exactly once, without a lock, on the scanner's thread or by Stop or
  // Scan.
  using ScanDone = absl::AnyInvocable<void(const absl::Status&)>;

  // Looks once before it returns. `folder` must outlive this.
  explicit FolderScanner(const RepositoryFolder& folder);
  ~FolderScanner();

  FolderScanner(const FolderScanner&) = delete;
  FolderScanner& operator=(const FolderScanner&) = delete;

  // What the last look saw that is over. Never null.
  std::shared_ptr<const FolderListing> last() const ABSL_LOCKS_EXCLUDED(mutex_);

  // Looks again. `done`, which may be null, gets OK when a look is over that
  // began after this call, or UNAVAILABLE once the scanner was stopped. Those
  // who ask during one look share the next.
  void Scan(ScanDone done) ABSL_LOCKS_EXCLUDED(mutex_);

  // Nobody waits any more, and no look begins.
  void Stop() ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  void Run() ABSL_LOCKS_EXCLUDED(mutex_);

  const RepositoryFolder& folder_;
  mutable absl::Mutex mutex_;
  std::shared_ptr<const FolderListing> last_ ABSL_GUARDED_BY(mutex_);
  bool is_wanted_ ABSL_GUARDED_BY(mutex_) = false;
  bool is_stopped_ ABSL_GUARDED_BY(mutex_) = false;
  // For the look that runs, and for the next one.
  std::vector<ScanDone> present_ ABSL_GUARDED_BY(mutex_);
  std::vector<ScanDone> next_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace transformerd
