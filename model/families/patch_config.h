// What the config.json files of families that look at images have in common.
#pragma once

#include "absl/status/statusor.h"
#include "model/config/config_reader.h"
#include "model/config/stack_recipe.h"

namespace transformerd {

// num_channels, image_size and patch_size; the latter are a height and a width,
// or one number for both. Errors: CONFIG_INVALID naming the key.
absl::StatusOr<PatchRecipe> ReadPatches(const ConfigReader& config);

}  // namespace transformerd
