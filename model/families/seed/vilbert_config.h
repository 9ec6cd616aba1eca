// The config of AllenNLP's ViLBERT backbone.
#pragma once

#include "absl/status/statusor.h"
#include "model/config/seed_recipe.h"
#include "model/families/seed/seed_config.h"

namespace transformerd {

// Its constructor's arguments, with an object for each of its parts
// (text_embeddings, image_embeddings, encoder); or the config of the text model
// with the arguments for images beside it (image_hidden_size, ...).
absl::StatusOr<VilbertBackboneRecipe> ReadVilbertBackbone(
    const SeedConfig& config);

}  // namespace transformerd
