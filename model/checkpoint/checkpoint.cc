#include "model/checkpoint/checkpoint.h"

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/regular_file.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/sharded.h"

namespace transformerd {
namespace {

constexpr char kSingleFile[] = "model.safetensors";
constexpr char kShardIndex[] = "model.safetensors.index.json";
constexpr char kPickle[] = "pytorch_model.bin";
constexpr char kPickleIndex[] = "pytorch_model.bin.index.json";

// Whatever it is: opening it says more.
bool Exists(const std::string& path) {
  struct stat status;
  return stat(path.c_str(), &status) == 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpoint(
    const std::string& directory) {
  const auto path = [&directory](absl::string_view name) {
    return absl::StrCat(directory, "/", name);
  };
  if (Exists(path(kSingleFile))) return OpenSafetensors(path(kSingleFile));
  if (Exists(path(kShardIndex))) return OpenSharded(directory, kShardIndex);
  for (const char* name : {kPickle, kPickleIndex}) {
    if (!Exists(path(name))) continue;
    return LoadError(Reason::kUnsupported,
                     absl::StrCat(name,
                                  ": only safetensors is read by this "
                                  "version, expected ",
                                  kSingleFile, " or ", kShardIndex));
  }
  return LoadError(Reason::kWeightsNotFound,
                   absl::StrCat("no weights in the model's folder, expected ",
                                kSingleFile, " or ", kShardIndex));
}

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenCheckpointFile(
    const std::string& directory, const std::string& name) {
  const auto refuse = [&name](absl::string_view expected) {
    constexpr char kOption[] = "weights_path";
    return WithField(
        absl::InvalidArgumentError(absl::StrCat(kOption, " is ", Quoted(name),
                                                ", expected ", expected)),
        kOption);
  };
  if (!IsFileName(name)) {
    return refuse("the name of a file in the model's folder");
  }
  if (absl::EndsWith(name, ".safetensors")) {
    return OpenSafetensors(absl::StrCat(directory, "/", name));
  }
  if (absl::EndsWith(name, ".safetensors.index.json")) {
    return OpenSharded(directory, name);
  }
  return refuse("a .safetensors file or its .safetensors.index.json");
}

}  // namespace transformerd
