#include "model/families/patch_config.h"

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxChannels = 4096;
constexpr int64_t kMaxImageExtent = 65536;
constexpr int64_t kMaxPatchExtent = 4096;

absl::Status ReadExtents(const ConfigReader& config, absl::string_view key,
                         int64_t otherwise, int64_t max, int64_t& height,
                         int64_t& width) {
  ASSIGN_OR_RETURN(const std::vector<int64_t> extents,
                   config.Ints(key, {otherwise}, 1, max));
  if (extents.empty() || extents.size() > 2) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat("config.json: ", key, " has ", extents.size(),
                                  " numbers, expected height and width"));
  }
  height = extents.front();
  width = extents.back();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<PatchRecipe> ReadPatches(const ConfigReader& config) {
  PatchRecipe out;
  ASSIGN_OR_RETURN(out.channels,
                   config.Int("num_channels", 3, 1, kMaxChannels));
  RETURN_IF_ERROR(ReadExtents(config, "image_size", 224, kMaxImageExtent,
                              out.image_height, out.image_width));
  RETURN_IF_ERROR(ReadExtents(config, "patch_size", 16, kMaxPatchExtent,
                              out.patch_height, out.patch_width));
  if (out.num_patches() == 0) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat("config.json: patch_size=", out.patch_height, "x",
                     out.patch_width, " is larger than image_size=",
                     out.image_height, "x", out.image_width));
  }
  return out;
}

}  // namespace transformerd
