// What the config.json files of decoder families have in common.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"
#include "model/families/config_fields.h"
#include "model/families/family.h"
#include "model/families/rotary_config.h"

namespace transformerd {

// Where a family keeps its dimensions, and the defaults of its class. What
// stands here is LLaMA's, which most families followed.
struct DecoderKeys {
  ConfigKey vocab_size = {"vocab_size", 32000};
  ConfigKey hidden_size = {"hidden_size", 4096};
  ConfigKey num_hidden_layers = {"num_hidden_layers", 32};
  ConfigKey num_attention_heads = {"num_attention_heads", 32};
  // An empty key: each query head has its own. A default of 0 stands for as
  // many as query heads, and so does null.
  ConfigKey num_key_value_heads = {"num_key_value_heads", 0};
  // An empty key or a default of 0: hidden_size / num_attention_heads.
  ConfigKey head_size = {"head_dim", 0};
  // A default of 0 stands for four times hidden_size, and so does null.
  ConfigKey intermediate_size = {"intermediate_size", 11008};
  ConfigKey max_position_embeddings = {"max_position_embeddings", 2048};
  // -1: none, and null says so too.
  ConfigKey pad_token_id = {"pad_token_id", -1};
  absl::string_view activation_key = "hidden_act";
  absl::string_view activation = "silu";
  NormKind norm = NormKind::kRmsNorm;
  // An empty key: the class fixes the value.
  absl::string_view norm_eps_key = "rms_norm_eps";
  double norm_eps = 1e-6;
  bool tie_word_embeddings = false;
  absl::string_view initializer_range_key = "initializer_range";
};

// Reads dimensions, activation, norm, labels and the class into an architecture
// of causal pre-norm blocks with a norm behind the last one, without biases
// and positions, which the family then adjusts.
// Every dimension is bounded, so that later size arithmetic cannot overflow.
// Errors: CONFIG_INVALID naming the key; UNSUPPORTED where the config asks for
// cross attention or for attention in both directions.
absl::StatusOr<Architecture> ParseDecoder(const ConfigReader& config,
                                          const DecoderKeys& keys,
                                          const ModelClass& model_class);

// In what the descendants of LLaMA differ beyond dimensions.
struct LlamaBlocks {
  // Whether the class knows attention_bias and mlp_bias.
  bool has_attention_bias = false;
  bool has_mlp_bias = false;
  // As for SetRotary(); nothing: the family lets its layers rotate itself.
  std::optional<RotarySource> rotary = RotarySource();
};

// The same with LLaMA's blocks: gated networks and heads that rotate.
absl::StatusOr<Architecture> ParseLlamaDecoder(const ConfigReader& config,
                                               const DecoderKeys& keys,
                                               const LlamaBlocks& blocks,
                                               const ModelClass& model_class);

// sliding_window: a token sees this many, itself included. 0: no window, which
// null says; the default stands for an absent key.
absl::StatusOr<int64_t> ReadWindow(const ConfigReader& config,
                                   int64_t default_value);

// Gives every layer a window; 0: none.
void SetWindow(int64_t window, StackRecipe& stack);

// Gives those layers a window that layer_types calls "sliding_attention" or,
// where the config has no such list, that `is_sliding` picks; the others see
// everything. The layers' variants are then {all, sliding}.
absl::Status SetSlidingLayers(const ConfigReader& config, int64_t window,
                              absl::FunctionRef<bool(int64_t)> is_sliding,
                              StackRecipe& stack);

// A limit of soft capping; 0: none, which null says.
absl::StatusOr<double> ReadSoftCap(const ConfigReader& config,
                                   absl::string_view key, double default_value);

}  // namespace transformerd
