#include "server/lifecycle/folder_scanner.h"

#include <utility>

#include "server/lifecycle/repository_errors.h"

namespace transformerd {
namespace {

std::shared_ptr<const FolderListing> List(const RepositoryFolder& folder) {
  auto listing = std::make_shared<FolderListing>();
  for (const std::string& name : folder.Models()) {
    listing->emplace(name, folder.Versions(name));
  }
  return listing;
}

}  // namespace

FolderScanner::FolderScanner(const RepositoryFolder& folder)
    : folder_(folder), last_(List(folder)), thread_([this] { Run(); }) {}

FolderScanner::~FolderScanner() {
  Stop();
  thread_.join();
}

std::shared_ptr<const FolderListing> FolderScanner::last() const {
  absl::MutexLock lock(&mutex_);
  return last_;
}

void FolderScanner::Scan(ScanDone done) {
  {
    absl::MutexLock lock(&mutex_);
    if (!is_stopped_) {
      is_wanted_ = true;
      if (done != nullptr) next_.push_back(std::move(done));
      return;
    }
  }
  if (done != nullptr) done(ShuttingDown());
}

void FolderScanner::Stop() {
  std::vector<ScanDone> present, next;
  {
    absl::MutexLock lock(&mutex_);
    is_stopped_ = true;
    present.swap(present_);
    next.swap(next_);
  }
  for (ScanDone& done : present) done(ShuttingDown());
  for (ScanDone& done : next) done(ShuttingDown());
}

void FolderScanner::Run() {
  const auto has_work = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return is_wanted_ || is_stopped_;
  };
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      mutex_.Await(absl::Condition(&has_work));
      if (is_stopped_) return;
      is_wanted_ = false;
      present_.swap(next_);
    }
    std::shared_ptr<const FolderListing> listing = List(folder_);
    std::vector<ScanDone> present;
    {
      absl::MutexLock lock(&mutex_);
      last_ = std::move(listing);
      present.swap(present_);
    }
    for (ScanDone& done : present) done(absl::OkStatus());
  }
}

}  // namespace transformerd
