// Angles of rotary position embeddings.
#pragma once

#include <cstdint>
#include <vector>

#include "model/config/block_recipe.h"

namespace transformerd {

// Radians a position by which each pair turns in a row of `length` tokens:
// theta^(-2i / dim), stretched as recipe.scaling says. There are dim / 2 pairs,
// rounded up.
// Only kDynamic and kLongRope depend on the length.
//
// Sources: Su et al., 2021 (kNone); Chen et al., 2023 (kLinear); the NTK-aware
// base of bloc97, 2023 (kDynamic); Peng et al., 2023, section 3.2 (kYarn);
// Ding et al., 2024 (kLongRope); the Llama 3.1 release (kLlama3).
std::vector<double> RotaryFrequencies(const RotaryRecipe& recipe,
                                      int64_t length);

}  // namespace transformerd
