// The config of AllenNLP's T5 modules, which is Hugging Face's.
#pragma once

#include "absl/status/statusor.h"
#include "model/config/seed_recipe.h"
#include "model/families/seed/seed_config.h"

namespace transformerd {

// Errors: CONFIG_INVALID; UNSUPPORTED for a feed-forward network that the
// original has not.
absl::StatusOr<T5Recipe> ReadT5(const SeedConfig& config);

// The attention alone, bidirectional unless the config says is_decoder. It has
// a table of biases by default or where has_relative_attention_bias says so.
absl::StatusOr<SeedAttentionRecipe> ReadT5Attention(const SeedConfig& config,
                                                    bool biased_by_default);

}  // namespace transformerd
