#include "model/checkpoint/weights_file.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/checkpoint/byte_source.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/safetensors_header.h"
#include "model/checkpoint/torch_file.h"

namespace transformerd {
namespace {

constexpr int64_t kBeginBytes = 32;

bool HasTorchName(absl::string_view path) {
  return absl::EndsWith(path, ".bin") || absl::EndsWith(path, ".pt") ||
         absl::EndsWith(path, ".pth");
}

// A length, then an object; white space in front of it is allowed.
bool MayBeSafetensors(absl::string_view begin) {
  return begin.size() <= kSafetensorsPrefixBytes ||
         absl::StrContains("{ \t\r\n", begin[kSafetensorsPrefixBytes]);
}

absl::StatusOr<std::string> ReadBegin(const std::string& path) {
  ASSIGN_OR_RETURN(const auto source, OpenByteSource(path));
  return ReadString(*source, 0, std::min(source->size_bytes(), kBeginBytes));
}

}  // namespace

absl::StatusOr<std::unique_ptr<CheckpointReader>> OpenWeightsFile(
    const std::string& path) {
  if (absl::EndsWith(path, ".safetensors")) return OpenSafetensors(path);
  if (HasTorchName(path)) return OpenTorchFile(path);
  const std::string name = path.substr(path.rfind('/') + 1);
  const absl::StatusOr<std::string> begin = ReadBegin(path);
  if (!begin.ok()) return Annotate(begin.status(), name);
  if (IsTorchFile(*begin)) return OpenTorchFile(path);
  if (MayBeSafetensors(*begin)) return OpenSafetensors(path);
  return LoadError(
      Reason::kUnsupported,
      absl::StrCat(name,
                   ": is neither a safetensors file nor one of torch.save"));
}

}  // namespace transformerd
