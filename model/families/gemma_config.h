// What the config.json files of Gemma's generations have in common.
#pragma once

#include <cmath>

#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"

namespace transformerd {

// The defaults of Gemma 2 and 3; the first generation adjusts them.
constexpr DecoderKeys GemmaKeys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 256000;
  keys.hidden_size.default_value = 2304;
  keys.num_hidden_layers.default_value = 26;
  keys.num_attention_heads.default_value = 8;
  keys.num_key_value_heads.default_value = 4;
  keys.head_size.default_value = 256;
  keys.intermediate_size.default_value = 9216;
  keys.max_position_embeddings.default_value = 8192;
  keys.pad_token_id.default_value = 0;
  keys.activation_key = "hidden_activation";
  keys.activation = "gelu_pytorch_tanh";
  keys.norm = NormKind::kRmsNormPlusOne;
  keys.tie_word_embeddings = true;
  return keys;
}

// Token vectors grow with the root of their width.
inline void ScaleEmbeddings(Architecture& out) {
  out.stack.embedding.scale = std::sqrt(static_cast<double>(out.hidden_size));
}

// The blocks of Gemma 2 and 3: norms on both sides, scores scaled by a number
// of the config.
inline absl::Status SetSandwichBlocks(const ConfigReader& config,
                                      Architecture& out) {
  ScaleEmbeddings(out);
  BlockRecipe& block = out.stack.block;
  block.norm_placement = NormPlacement::kSandwich;
  ASSIGN_OR_RETURN(const double scalar,
                   config.Double("query_pre_attn_scalar", 256, 1e-6, 1e9));
  block.attention.scale = 1 / std::sqrt(scalar);
  return absl::OkStatus();
}

}  // namespace transformerd
