#include "model/config/architecture.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace transformerd {

bool TakesPositions(const Architecture& architecture) {
  const StackRecipe& stack = architecture.stack;
  return stack.embedding.position_rows > 0 ||
         std::any_of(
             stack.variants.begin(), stack.variants.end(),
             [](const LayerVariant& v) { return v.rotary.has_value(); });
}

std::string ToString(const Architecture& architecture) {
  const Architecture& a = architecture;
  const StackRecipe& stack = a.stack;
  return absl::StrCat(a.class_name, " (", a.family,
                      "): ", stack.num_hidden_layers, " layers, ", "hidden ",
                      a.hidden_size, ", ", stack.num_attention_heads,
                      " heads of ", stack.head_size, ", intermediate ",
                      stack.intermediate_size, ", vocabulary ", a.vocab_size,
                      ", positions ", stack.embedding.position_rows, ", types ",
                      stack.embedding.token_types, ", labels ", a.num_labels);
}

}  // namespace transformerd
