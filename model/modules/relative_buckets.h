// Buckets of distances between tokens.
#pragma once

#include <cstdint>

#include "model/config/block_recipe.h"

namespace transformerd {

// The bucket, in [0, bias.num_buckets), of a key that stands `distance` tokens
// behind its query (negative: before it). Near distances have buckets of their
// own, far ones share them in logarithmic steps up to bias.max_distance. Keys
// behind the query of a bias that is not bidirectional share bucket 0.
//
// Source: Raffel et al., 2020, section 2.1 and its published code.
int64_t RelativeBucket(const RelativeBias& bias, int64_t distance);

}  // namespace transformerd
