#include "server/security/file_watch.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace transformerd {

FileWatch::FileWatch(std::string what, std::vector<std::string> paths,
                     std::function<absl::Status()> reread)
    : what_(std::move(what)),
      paths_(std::move(paths)),
      reread_(std::move(reread)),
      stamp_(Stamp()) {}

std::string FileWatch::Stamp() const {
  std::string stamp;
  for (const std::string& path : paths_) {
    struct stat file;
    if (stat(path.c_str(), &file) != 0) {
      absl::StrAppend(&stamp, "none;");
      continue;
    }
    absl::StrAppend(&stamp, file.st_dev, ",", file.st_ino, ",", file.st_size,
                    ",", file.st_mtim.tv_sec, ".", file.st_mtim.tv_nsec, ";");
  }
  return stamp;
}

void FileWatch::OnTick() {
  // Taken before the files are read: what is written meanwhile is seen later.
  std::string stamp = Stamp();
  const bool has_changed = stamp != stamp_;
  if (!has_changed && failure_.ok()) return;
  stamp_ = std::move(stamp);
  absl::Status status = reread_();
  if (status.ok()) {
    LOG(INFO) << what_ << " were read again";
  } else if (has_changed || status != failure_) {
    LOG(ERROR) << what_
               << " have changed and stay as they were: " << status.message();
  }
  failure_ = std::move(status);
}

}  // namespace transformerd
