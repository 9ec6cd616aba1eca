// The config of AllenNLP's BiModalEncoder.
#pragma once

#include "absl/status/statusor.h"
#include "model/config/seed_recipe.h"
#include "model/families/seed/seed_config.h"

namespace transformerd {

// By the constructor's arguments, or with stream 1 and the activation from a
// model's config and everything else by the arguments beside it.
//
// CONFIG_INVALID also for what the original accepts and fails on in its forward
// pass: a connection behind more layers than there are, or before a layer that
// is fixed; and for ids that decrease, for which it runs layers twice.
absl::StatusOr<BiModalEncoderRecipe> ReadBiModalEncoder(
    const SeedConfig& config);

}  // namespace transformerd
