#include "model/config/architecture.h"

#include <algorithm>
#include <variant>

#include "absl/strings/str_cat.h"

namespace transformerd {

bool TakesPositions(const Architecture& architecture) {
  if (architecture.decoder || architecture.input == ModelInput::kPixels) {
    return false;
  }
  const StackRecipe& stack = architecture.stack;
  return stack.embedding.position_rows > 0 ||
         std::any_of(
             stack.variants.begin(), stack.variants.end(),
             [](const LayerVariant& v) { return v.rotary.has_value(); });
}

int64_t* NumHiddenLayers(Architecture& architecture) {
  if (!architecture.seed) return &architecture.stack.num_hidden_layers;
  auto* stack = std::get_if<TransformerStackRecipe>(&*architecture.seed);
  return stack == nullptr ? nullptr : &stack->num_hidden_layers;
}

std::string PartPrefix(size_t part) {
  return absl::StrCat("parts.", part, ".");
}

std::string ToString(const Architecture& architecture) {
  const Architecture& a = architecture;
  if (a.seed || !a.parts.empty()) {
    return absl::StrCat(a.class_name, " (", a.family, ")");
  }
  const StackRecipe& stack = a.stack;
  const std::string decoder =
      a.decoder ? absl::StrCat(" and ", a.decoder->num_hidden_layers) : "";
  return absl::StrCat(a.class_name, " (", a.family,
                      "): ", stack.num_hidden_layers, decoder, " layers, ",
                      "hidden ", a.hidden_size, ", ", stack.num_attention_heads,
                      " heads of ", stack.head_size, ", intermediate ",
                      stack.intermediate_size, ", vocabulary ", a.vocab_size,
                      ", positions ", stack.embedding.position_rows, ", types ",
                      stack.embedding.token_types, ", labels ", a.num_labels);
}

}  // namespace transformerd
