#include "tests/fakes/temporary_folder.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "gtest/gtest.h"

namespace transformerd {

TemporaryFolder::TemporaryFolder()
    : path_(absl::StrCat(testing::TempDir(), "/folder.XXXXXX")) {
  PCHECK(mkdtemp(path_.data()) != nullptr) << path_;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryFolder::PathOf(absl::string_view name) const {
  return absl::StrCat(path_, "/", name);
}

std::string TemporaryFolder::Write(absl::string_view name,
                                   absl::string_view content) const {
  std::string path = PathOf(name);
  std::filesystem::create_directories(
      std::filesystem::path(path).parent_path());
  std::ofstream file(path, std::ios::binary);
  file.write(content.data(), static_cast<std::streamsize>(content.size()));
  file.close();
  PCHECK(file.good()) << path;
  return path;
}

}  // namespace transformerd
