#include "model/modules/module_builder.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {

ParameterSlot* ModuleBuilder::AddSlot(const std::string& name, Shape shape,
                                      Initializer initializer) {
  slots_.push_back(std::make_unique<ParameterSlot>(
      absl::StrCat(prefix_, name), dtype_, std::move(shape), initializer));
  return slots_.back().get();
}

ParameterSlot* ModuleBuilder::AddTable(const std::string& name, int64_t rows,
                                       int64_t size) {
  return AddSlot(absl::StrCat(name, ".weight"), {rows, size},
                 Initializer::kNormal);
}

Linear ModuleBuilder::AddLinear(const std::string& name, int64_t in,
                                int64_t out, bool bias, bool in_out) {
  Linear linear;
  linear.in_out = in_out;
  linear.weight =
      AddSlot(absl::StrCat(name, ".weight"),
              in_out ? Shape{in, out} : Shape{out, in}, Initializer::kNormal);
  if (bias) {
    linear.bias =
        AddSlot(absl::StrCat(name, ".bias"), {out}, Initializer::kZeros);
  }
  return linear;
}

Norm ModuleBuilder::AddNorm(const std::string& name, int64_t size,
                            const NormRecipe& recipe) {
  const bool is_layer_norm = recipe.kind == NormKind::kLayerNorm;
  Norm norm;
  norm.kind = recipe.kind;
  norm.eps = recipe.eps;
  if (recipe.weight || !is_layer_norm) {
    const bool is_offset = recipe.kind == NormKind::kRmsNormPlusOne;
    norm.weight = AddSlot(absl::StrCat(name, ".weight"), {size},
                          is_offset ? Initializer::kZeros : Initializer::kOnes);
  }
  if (is_layer_norm && recipe.weight && recipe.bias) {
    norm.bias =
        AddSlot(absl::StrCat(name, ".bias"), {size}, Initializer::kZeros);
  }
  return norm;
}

}  // namespace transformerd
