#include "model/checkpoint/checkpoint.h"

#include <sys/stat.h>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
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

}  // namespace transformerd
