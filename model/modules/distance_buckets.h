// Buckets of signed distances between tokens, as DeBERTa's.
#pragma once

#include <cstdint>

#include "model/config/disentangled_recipe.h"

namespace transformerd {

// The row of the table of distances, in [0, 2 * recipe.span), for a key that
// stands `distance` tokens before its query (negative: behind it). Distances up
// to half of recipe.num_buckets have rows of their own, larger ones share rows
// in logarithmic steps.
//
// Source: He et al., 2021b (DeBERTaV3), its published code.
int64_t DistanceRow(const DisentangledRecipe& recipe, int64_t distance);

}  // namespace transformerd
