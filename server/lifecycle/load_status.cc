#include "server/lifecycle/load_status.h"

#include <utility>

#include "glog/logging.h"

namespace transformerd {

void LoadStatus::BeginVersion(int64_t number, bool is_reload,
                              std::shared_ptr<const LoadControl> control) {
  absl::MutexLock lock(&mutex_);
  begun_.push_back({number, is_reload, std::move(control)});
}

void LoadStatus::Finish(absl::Status outcome) {
  absl::MutexLock lock(&mutex_);
  CHECK(!outcome_.has_value());
  outcome_ = std::move(outcome);
}

std::vector<LoadStatus::Version> LoadStatus::versions() const {
  absl::MutexLock lock(&mutex_);
  std::vector<Version> versions;
  for (const Begun& begun : begun_) {
    versions.push_back(
        {begun.number, begun.is_reload, begun.control->progress()});
  }
  return versions;
}

std::optional<absl::Status> LoadStatus::outcome() const {
  absl::MutexLock lock(&mutex_);
  return outcome_;
}

}  // namespace transformerd
