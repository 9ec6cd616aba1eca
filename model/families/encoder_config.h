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

// The dimensions of an encoder and where a family keeps them.
struct EncoderKeys {
  ConfigKey vocab_size;
  ConfigKey hidden_size;
  ConfigKey num_hidden_layers;
  ConfigKey num_attention_heads;
  ConfigKey intermediate_size;
  // An empty key: there is no table of positions, and the default limits rows.
  ConfigKey max_position_embeddings;
  // An empty key: the family has no token types.
  ConfigKey type_vocab_size;
  ConfigKey pad_token_id;
  // An empty key: the family reads it.
  absl::string_view activation = "hidden_act";
  // An empty key: the class fixes the value.
  absl::string_view norm_eps = "layer_norm_eps";
  double norm_eps_default = 1e-12;
  absl::string_view activation_default = "gelu";
  // An empty key, or an absent value of 0: hidden_size / num_attention_heads.
  ConfigKey head_size = {"", 0};
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
