// How the folders of a repository are looked into.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace transformerd {

// Either call lasts as long as the file system lets it: that of a network
// may not come back. Thread-safe.
class FolderReader {
 public:
  virtual ~FolderReader() = default;

  // Names in a folder, sorted; nothing, with errno, where it cannot be listed.
  virtual std::optional<std::vector<std::string>> NamesIn(
      const std::string& path) = 0;

  // Links are followed.
  virtual bool IsFolder(const std::string& path) = 0;

  // The system's, which is never destroyed.
  static FolderReader& System();
};

}  // namespace transformerd
