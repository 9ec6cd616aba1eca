#include "model/families/seed/t5_config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"

namespace transformerd {
namespace {

// The argument's own name, where the config has it, else the config's.
absl::StatusOr<int64_t> Read(
    const SeedConfig& config,
    std::initializer_list<absl::string_view> alternatives,
    int64_t default_value, int64_t min = 1, int64_t max = kMaxDimension) {
  return config.Dimension(config.config().FirstOf(alternatives), default_value,
                          min, max);
}

absl::StatusOr<bool> ReadGated(const ConfigReader& config) {
  constexpr char kKey[] = "feed_forward_proj";
  ASSIGN_OR_RETURN(const std::string name, config.String(kKey, "relu"));
  if (name == "relu") return false;
  if (name == "gated-gelu") return true;
  return LoadError(Reason::kUnsupported,
                   absl::StrCat("config.json: ", kKey, "=", Quoted(name),
                                ", expected \"relu\" or \"gated-gelu\""));
}

}  // namespace

absl::StatusOr<SeedAttentionRecipe> ReadT5Attention(const SeedConfig& config,
                                                    bool biased_by_default) {
  constexpr int64_t kBuckets = 32;
  const ConfigReader& reader = config.config();
  SeedAttentionRecipe recipe;
  recipe.bias = false;
  recipe.scaled = false;
  recipe.output = true;
  ASSIGN_OR_RETURN(recipe.hidden_size,
                   Read(config, {"d_model", "hidden_size"}, 512));
  ASSIGN_OR_RETURN(recipe.head_size,
                   Read(config, {"d_kv", "key_value_proj_dim"}, 64));
  ASSIGN_OR_RETURN(recipe.num_attention_heads,
                   Read(config, {"num_heads", "num_attention_heads"}, 8));
  // The original's rule, though its heads need not share the width.
  RETURN_IF_ERROR(HeadSize("d_model", recipe.hidden_size, "num_heads",
                           recipe.num_attention_heads)
                      .status());
  if (recipe.head_size > kMaxDimension / recipe.num_attention_heads) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat("config.json: d_kv=", recipe.head_size,
                     " times num_heads=", recipe.num_attention_heads,
                     ", expected at most ", kMaxDimension));
  }
  ASSIGN_OR_RETURN(const bool is_decoder, reader.Bool("is_decoder", false));
  recipe.bidirectional = !is_decoder;
  ASSIGN_OR_RETURN(
      const bool is_biased,
      reader.Bool("has_relative_attention_bias", biased_by_default));
  if (is_biased) {
    ASSIGN_OR_RETURN(
        recipe.num_buckets,
        Read(config, {"relative_attention_num_buckets"}, kBuckets, 4));
  }
  return recipe;
}

absl::StatusOr<T5Recipe> ReadT5(const SeedConfig& config) {
  const ConfigReader& reader = config.config();
  T5Recipe recipe;
  ASSIGN_OR_RETURN(recipe.attention,
                   ReadT5Attention(config, /*biased_by_default=*/true));
  recipe.hidden_size = recipe.attention.hidden_size;
  ASSIGN_OR_RETURN(recipe.vocab_size, Read(config, {"vocab_size"}, 32128));
  ASSIGN_OR_RETURN(recipe.ff_size, Read(config, {"d_ff"}, 2048));
  ASSIGN_OR_RETURN(recipe.num_layers,
                   Read(config, {"num_layers", "num_hidden_layers"}, 6,
                        /*min=*/1, kMaxLayers));
  ASSIGN_OR_RETURN(recipe.num_decoder_layers,
                   Read(config, {"num_decoder_layers"}, recipe.num_layers,
                        /*min=*/1, kMaxLayers));
  ASSIGN_OR_RETURN(recipe.gated, ReadGated(reader));
  ASSIGN_OR_RETURN(recipe.layer_norm_epsilon,
                   reader.Double("layer_norm_epsilon", 1e-6, 0.0, 1.0));
  ASSIGN_OR_RETURN(recipe.pad_token_id,
                   reader.Int("pad_token_id", 0, 0, recipe.vocab_size - 1));
  ASSIGN_OR_RETURN(
      recipe.decoder_start_token_id,
      reader.Int("decoder_start_token_id", 0, 0, recipe.vocab_size - 1));
  ASSIGN_OR_RETURN(recipe.tie_word_embeddings,
                   reader.Bool("tie_word_embeddings", true));
  return recipe;
}

}  // namespace transformerd
