// What DeBERTa adds to a stack (He et al., 2021a and 2021b).
#pragma once

#include <cstdint>
#include <optional>

#include "model/config/block_recipe.h"

namespace transformerd {

// Scores that depend on a token and the distance to another one, next to those
// of two tokens. Distances have vectors in a table that all layers share.
struct DisentangledRecipe {
  // Distances from -span to span - 1 have a row each, those beyond the last
  // one's.
  int64_t span = 0;
  // Distances above half of num_buckets share buckets in logarithmic steps up
  // to max_distance; 0: each distance is a bucket.
  int64_t num_buckets = 0;
  int64_t max_distance = 0;
  bool content_to_position = false;  // a query and the distance to the key
  bool position_to_content = false;  // a key and the distance from the query
  // Distances are projected as tokens are, without projections of their own.
  bool shares_projections = false;
  std::optional<NormRecipe> norm;  // of the table
};

// norm(x + activation(convolution(embeddings))) behind the first layer, which
// lets tokens see their neighbours.
struct ConvolutionRecipe {
  int64_t kernel_size = 0;  // odd
  int64_t groups = 1;
  Activation activation = Activation::kTanh;
};

}  // namespace transformerd
