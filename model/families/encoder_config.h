// What the config.json files of encoder families have in common.
#pragma once

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"
#include "model/families/config_fields.h"
#include "model/families/family.h"

namespace transformerd {

// Where a family keeps its dimensions, and the defaults of its class. What
// stands here is BERT's, which most families followed.
struct EncoderKeys {
  ConfigKey vocab_size = {"vocab_size", 30522};
  ConfigKey hidden_size = {"hidden_size", 768};
  ConfigKey num_hidden_layers = {"num_hidden_layers", 12};
  ConfigKey num_attention_heads = {"num_attention_heads", 12};
  ConfigKey intermediate_size = {"intermediate_size", 3072};
  // An empty key: there is no table of positions, and the default limits rows.
  ConfigKey max_position_embeddings = {"max_position_embeddings", 512};
  // An empty key: the family has no token types.
  ConfigKey type_vocab_size = {"type_vocab_size", 2};
  ConfigKey pad_token_id = {"pad_token_id", 0};
  // An empty key, or an absent value of 0: hidden_size / num_attention_heads.
  ConfigKey head_size = {"", 0};
  // An empty key: the family reads it.
  absl::string_view activation_key = "hidden_act";
  absl::string_view activation = "gelu";
  // An empty key: the class fixes the value.
  absl::string_view norm_eps_key = "layer_norm_eps";
  double norm_eps = 1e-12;
};

// The width of the token table, of families that have one of their own.
absl::StatusOr<int64_t> ReadEmbeddingSize(const ConfigReader& config,
                                          int64_t default_value);

// Reads dimensions, activation, norm, labels and the class into an architecture
// of post-norm blocks with learned positions and BERT's heads, which the family
// then adjusts.
// Every dimension is bounded, so that later size arithmetic cannot overflow.
// Errors: CONFIG_INVALID naming the key; UNSUPPORTED where the config asks for
// a decoder, or for other positions than the family's own.
absl::StatusOr<Architecture> ParseEncoder(const ConfigReader& config,
                                          const EncoderKeys& keys,
                                          const ModelClass& model_class);

}  // namespace transformerd
