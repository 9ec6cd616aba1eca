#include "model/config/architecture.h"

#include "absl/strings/str_cat.h"

namespace transformerd {

std::string ToString(const Architecture& architecture) {
  const Architecture& a = architecture;
  return absl::StrCat(a.class_name, " (", a.family, "): ", a.num_hidden_layers,
                      " layers, ", "hidden ", a.hidden_size, ", ",
                      a.num_attention_heads, " heads of ", a.head_size,
                      ", intermediate ", a.intermediate_size, ", vocabulary ",
                      a.vocab_size, ", positions ", a.max_position_embeddings,
                      ", types ", a.type_vocab_size, ", labels ", a.num_labels);
}

}  // namespace transformerd
