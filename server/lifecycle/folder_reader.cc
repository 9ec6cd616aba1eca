#include "server/lifecycle/folder_reader.h"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>

#include "absl/cleanup/cleanup.h"

namespace transformerd {
namespace {

class SystemFolderReader : public FolderReader {
 public:
  std::optional<std::vector<std::string>> NamesIn(
      const std::string& path) override {
    DIR* const folder = opendir(path.c_str());
    if (folder == nullptr) return std::nullopt;
    const auto close = absl::MakeCleanup([folder] { closedir(folder); });
    std::vector<std::string> names;
    while (const dirent* entry = readdir(folder)) {
      names.push_back(entry->d_name);
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  bool IsFolder(const std::string& path) override {
    struct stat status;
    return stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  }
};

}  // namespace

FolderReader& FolderReader::System() {
  static auto* const kReader = new SystemFolderReader();
  return *kReader;
}

}  // namespace transformerd
