// The files of a model repository:
//
//   <root>/<model>/config.json ...       version 1, where there is no folder
//   <root>/<model>/<N>/config.json ...   version N, a positive integer
//   <root>/<model>/transformerd.json     optional options
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "server/lifecycle/folder_reader.h"

namespace transformerd {

// Looks into the folder at each call, so that what an operator changes is
// seen. Links are followed. Names given to it have passed CheckModelName.
// Messages show paths relative to the root. Thread-safe.
class RepositoryFolder {
 public:
  // INVALID_ARGUMENT unless `root` is a folder that can be listed. `reader`
  // must outlive this.
  static absl::StatusOr<RepositoryFolder> Open(
      const std::string& root, FolderReader& reader = FolderReader::System());

  // The models, sorted: folders whose names are not hidden.
  std::vector<std::string> Models() const;

  bool HasModel(absl::string_view name) const;

  // The absolute folder of each version. NOT_FOUND without such a model.
  absl::StatusOr<std::map<int64_t, std::string>> Versions(
      absl::string_view name) const;

  // The text of transformerd.json, empty where there is none.
  // FAILED_PRECONDITION where it cannot be read.
  absl::StatusOr<std::string> ReadModelFile(absl::string_view name) const;

 private:
  RepositoryFolder(std::string root, FolderReader& reader)
      : root_(std::move(root)), reader_(&reader) {}

  std::string root_;  // absolute, without links
  FolderReader* reader_;
};

}  // namespace transformerd
