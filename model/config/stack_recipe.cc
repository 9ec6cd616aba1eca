#include "model/config/stack_recipe.h"

namespace transformerd {

int64_t TokenVectorSize(const EmbeddingRecipe& recipe, int64_t hidden_size) {
  return recipe.size > 0 ? recipe.size : hidden_size;
}

const LayerVariant& VariantOf(const StackRecipe& recipe, int64_t layer) {
  static const LayerVariant& plain = *new LayerVariant;
  if (recipe.variants.empty()) return plain;
  if (recipe.variant_of_layer.empty()) return recipe.variants.front();
  return recipe.variants[recipe.variant_of_layer[layer]];
}

}  // namespace transformerd
