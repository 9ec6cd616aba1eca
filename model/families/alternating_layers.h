// Layers that see all tokens of a row between such that see a neighbourhood, in
// the config.json files of encoders.
#pragma once

#include "absl/status/status.h"
#include "model/config/config_reader.h"
#include "model/config/stack_recipe.h"

namespace transformerd {

// Reads the kind of each layer (layer_types, or one global layer every
// global_attn_every_n_layers), the width of the neighbourhood (local_attention)
// and the rotation of both kinds into variants of `stack`, whose heads and
// layers are known.
// Errors: CONFIG_INVALID naming the key; UNSUPPORTED for a scaled rotation.
absl::Status ReadAlternatingLayers(const ConfigReader& config,
                                   StackRecipe& stack);

}  // namespace transformerd
