#include "model/config/stack_recipe.h"

namespace transformerd {

const LayerVariant& VariantOf(const StackRecipe& recipe, int64_t layer) {
  static const LayerVariant& plain = *new LayerVariant;
  if (recipe.variants.empty()) return plain;
  if (recipe.variant_of_layer.empty()) return recipe.variants.front();
  return recipe.variants[recipe.variant_of_layer[layer]];
}

}  // namespace transformerd
