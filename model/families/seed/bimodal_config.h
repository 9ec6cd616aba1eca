// The config of AllenNLP's BiModalEncoder.
#pragma once

#include "absl/status/statusor.h"
#include "model/config/seed_recipe.h"
#include "model/families/seed/seed_config.h"

namespace transformerd {

// What the arguments of one stream are called.
struct StreamKeys {
  absl::string_view layers, hidden, heads, intermediate;
  absl::string_view ids, fixed;
};

inline constexpr StreamKeys kStreamKeys1 = {
    "num_hidden_layers1", "hidden_size1",    "num_attention_heads1",
    "intermediate_size1", "biattention_id1", "fixed_layer1"};
inline constexpr StreamKeys kStreamKeys2 = {
    "num_hidden_layers2", "hidden_size2",    "num_attention_heads2",
    "intermediate_size2", "biattention_id2", "fixed_layer2"};

// By the constructor's arguments, or with stream 1 and the activation from a
// model's config and everything else by the arguments beside it.
//
// CONFIG_INVALID also for what the original accepts and fails on in its forward
// pass: a connection behind more layers than there are, or before a layer that
// is fixed; and for ids that decrease, for which it runs layers twice.
absl::StatusOr<BiModalEncoderRecipe> ReadBiModalEncoder(
    const SeedConfig& config, const StreamKeys& keys1 = kStreamKeys1,
    const StreamKeys& keys2 = kStreamKeys2);

}  // namespace transformerd
