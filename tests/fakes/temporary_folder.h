// A folder for the files of one test.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace transformerd {

// Lies under the test's own scratch folder and is removed with its content.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();

  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  // Absolute, without a slash at the end.
  const std::string& path() const { return path_; }

  // The absolute path of a file inside, whether it is there or not.
  std::string PathOf(absl::string_view name) const;

  // Writes a file, and the folders on the way to it ("1_Pooling/config.json").
  // Returns its absolute path.
  std::string Write(absl::string_view name, absl::string_view content) const;

 private:
  std::string path_;
};

}  // namespace transformerd
