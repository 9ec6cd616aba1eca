// Builds the modules of AllenNLP's toolkit from their recipes.
#pragma once

#include <string>

#include "model/config/seed_recipe.h"
#include "model/modules/module_builder.h"
#include "model/modules/seed/seed_modules.h"

namespace transformerd {

// The module as the top of a model. Time is proportional to the number of
// slots.
SeedModule BuildSeedModule(const SeedRecipe& recipe, ModuleBuilder& builder);

// Its parts. `prefix` stands before all slot names: "" or, say, "layers.0.".

SeedAttention BuildAttention(const SeedAttentionRecipe& recipe,
                             const std::string& prefix, ModuleBuilder& builder);
OutputLayer BuildOutputLayer(const std::string& prefix, int64_t in, int64_t out,
                             ModuleBuilder& builder);
AttentionLayerModule BuildAttentionLayer(const SeedAttentionRecipe& recipe,
                                         const std::string& prefix,
                                         ModuleBuilder& builder);
TransformerLayerModule BuildLayer(const TransformerLayerRecipe& recipe,
                                  const std::string& prefix,
                                  ModuleBuilder& builder);
// Layers `name`.0, `name`.1, ...
std::vector<TransformerLayerModule> BuildLayers(
    const TransformerStackRecipe& recipe, const std::string& name,
    ModuleBuilder& builder);
TransformerPoolerModule BuildPooler(const TransformerPoolerRecipe& recipe,
                                    const std::string& prefix,
                                    ModuleBuilder& builder);
TransformerEmbeddingsModule BuildTextEmbeddings(
    const TransformerEmbeddingsRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder);
ImageFeatureEmbeddingsModule BuildImageEmbeddings(
    const ImageFeatureEmbeddingsRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder);
BiModalAttentionModule BuildBiModalAttention(
    const BiModalAttentionRecipe& recipe, const std::string& prefix,
    ModuleBuilder& builder);
BiModalEncoderModule BuildBiModalEncoder(const BiModalEncoderRecipe& recipe,
                                         const std::string& prefix,
                                         ModuleBuilder& builder);
T5Module BuildT5(const T5Recipe& recipe, ModuleBuilder& builder);

}  // namespace transformerd
