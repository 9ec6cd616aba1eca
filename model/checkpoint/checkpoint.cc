#include "model/checkpoint/checkpoint.h"

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/checkpoint/sharded.h"
#include "model/checkpoint/weights_file.h"

namespace transformerd {
namespace {

// In the order of preference.
constexpr const char* kFileNames[] = {
    "model.safetensors",
    "model.safetensors.index.json",
    "pytorch_model.bin",
    "pytorch_model.bin.index.json",
};

std::string PathOf(const std::string& directory, absl::string_view name) {
  return absl::StrCat(directory, "/", name);
}

// Whatever it is: opening it says more.
bool Exists(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpoint(
    const std::string& directory) {
  for (const char* name : kFileNames) {
    if (Exists(PathOf(directory, name))) {
      return OpenCheckpointFile(directory, name);
    }
  }
  return LoadError(Reason::kWeightsNotFound,
                   absl::StrCat("no weights in the model's folder, expected ",
                                absl::StrJoin(kFileNames, " or ")));
}

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpointFile(
    const std::string& directory, absl::string_view file_name) {
  if (!IsFileName(file_name)) {
    return LoadError(
        Reason::kPathEscape,
        absl::StrCat("weights file ", Quoted(file_name),
                     ", expected the name of a file in the model's folder"));
  }
  if (absl::EndsWith(file_name, ".json")) {
    return OpenSharded(directory, std::string(file_name));
  }
  return OpenWeightsFile(PathOf(directory, file_name));
}

}  // namespace transformerd
