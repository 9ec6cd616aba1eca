#include "model/families/t5_config.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/config_fields.h"
#include "model/families/encoder_config.h"
#include "model/families/encoder_decoder_config.h"

namespace transformerd {
namespace {

// Rows have no table of positions to end at; this bounds the memory of the
// biases, which grows with the square of the length.
constexpr int64_t kMaxSequenceLength = 8192;
constexpr int64_t kMaxBuckets = int64_t{1} << 20;

EncoderKeys KeysWith(const T5Defaults& defaults) {
  EncoderKeys keys;
  keys.vocab_size.default_value = defaults.vocab_size;
  keys.hidden_size = {"d_model", 512};
  keys.num_hidden_layers = {"num_layers", defaults.num_layers};
  keys.num_attention_heads = {"num_heads", defaults.num_heads};
  keys.intermediate_size = {"d_ff", defaults.intermediate_size};
  keys.max_position_embeddings = {"", kMaxSequenceLength};
  keys.type_vocab_size = {"", 0};
  keys.activation_key = "";
  keys.norm_eps_key = "layer_norm_epsilon";
  keys.norm_eps = 1e-6;
  keys.head_size = {"d_kv", 64};
  return keys;
}

// "relu", "gated-silu" and the like; "gated-gelu" stands for the approximation.
// Later releases write what they made of it beside it, and read that.
absl::Status ReadFeedForward(const ConfigReader& config,
                             absl::string_view otherwise, MlpRecipe& mlp) {
  constexpr absl::string_view kKey = "feed_forward_proj";
  constexpr absl::string_view kActivation = "dense_act_fn";
  ASSIGN_OR_RETURN(const std::string value, config.String(kKey, otherwise));
  const std::vector<std::string> parts = absl::StrSplit(value, '-');
  if (parts.size() > 2 || (parts.size() == 2 && parts[0] != "gated")) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat("config.json: ", kKey, "=\"", value,
                                  "\", expected an activation, or \"gated-\" "
                                  "and an activation"));
  }
  ASSIGN_OR_RETURN(const bool is_gated,
                   config.Bool("is_gated_act", parts[0] == "gated"));
  ASSIGN_OR_RETURN(
      const std::string name,
      config.String(kActivation,
                    value == "gated-gelu" ? "gelu_new" : parts.back()));
  ASSIGN_OR_RETURN(
      mlp.activation,
      ActivationFromName(config.Has(kActivation) ? kActivation : kKey, name));
  mlp.kind = is_gated ? MlpKind::kGated : MlpKind::kPlain;
  mlp.bias = false;
  return absl::OkStatus();
}

// Distances need a bucket of their own each before they share the rest, up to a
// farther one.
absl::StatusOr<RelativeBias> ReadRelativeBias(const ConfigReader& config,
                                              bool bidirectional) {
  constexpr absl::string_view kDistance = "relative_attention_max_distance";
  RelativeBias bias;
  bias.bidirectional = bidirectional;
  const int64_t parts = bidirectional ? 4 : 2;
  ASSIGN_OR_RETURN(
      bias.num_buckets,
      config.Int("relative_attention_num_buckets", 32, parts, kMaxBuckets));
  ASSIGN_OR_RETURN(bias.max_distance,
                   config.Int(kDistance, 128, 1, kMaxBuckets));
  if (bias.max_distance <= bias.num_buckets / parts) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat(
            "config.json: ", kDistance, "=", bias.max_distance,
            ", expected more than ", bias.num_buckets / parts,
            " with relative_attention_num_buckets=", bias.num_buckets));
  }
  bias.table_rows = bias.num_buckets;
  return bias;
}

absl::Status ReadBlocks(const ConfigReader& config, const T5Defaults& defaults,
                        StackRecipe& stack) {
  BlockRecipe& block = stack.block;
  block.norm.kind = NormKind::kRmsNorm;
  block.norm_placement = NormPlacement::kPre;
  block.attention.qkv_bias = false;
  block.attention.output_bias = false;
  block.attention.scale = 1;
  block.float32_residual = true;
  ASSIGN_OR_RETURN(block.attention.relative_bias,
                   ReadRelativeBias(config, /*bidirectional=*/true));
  RETURN_IF_ERROR(ReadFeedForward(config, defaults.feed_forward, block.mlp));
  stack.embedding.norm.reset();
  stack.final_norm = block.norm;
  return absl::OkStatus();
}

absl::Status ReadDecoder(const ConfigReader& config, Architecture& out) {
  out.decoder = out.stack;
  BlockRecipe& block = out.decoder->block;
  block.cross_attention = true;
  block.attention.causal = true;
  ASSIGN_OR_RETURN(block.attention.relative_bias,
                   ReadRelativeBias(config, /*bidirectional=*/false));
  ASSIGN_OR_RETURN(out.decoder->num_hidden_layers,
                   config.Int("num_decoder_layers", out.stack.num_hidden_layers,
                              0, kMaxLayers));
  return absl::OkStatus();
}

// The config's tie_word_embeddings does not untie: the checkpoint does, where
// it holds tables of different values.
absl::Status ReadHead(const ConfigReader& config, const T5Defaults& defaults,
                      Architecture& out) {
  ASSIGN_OR_RETURN(const bool says_tied,
                   config.Bool("tie_word_embeddings", true));
  out.tie_word_embeddings = true;
  out.head = EncoderDecoderHead(out.head.kind);
  if (out.head.kind != HeadKind::kCausalLm) return absl::OkStatus();
  out.head.output_bias = false;
  ASSIGN_OR_RETURN(const bool is_scaled,
                   config.Bool("scale_decoder_outputs",
                               defaults.scales_logits && says_tied));
  if (is_scaled && defaults.scales_logits) {
    out.head.output_scale = 1 / std::sqrt(static_cast<double>(out.hidden_size));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ParseT5(const ConfigReader& config,
                                     const T5Defaults& defaults,
                                     const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out,
                   ParseEncoder(config, KeysWith(defaults), model_class));
  RETURN_IF_ERROR(ReadBlocks(config, defaults, out.stack));
  if (model_class.decoder) RETURN_IF_ERROR(ReadDecoder(config, out));
  RETURN_IF_ERROR(ReadHead(config, defaults, out));
  out.shared_embedding = true;
  const bool reads_input_again =
      out.head.kind == HeadKind::kSequenceClassification ||
      out.head.kind == HeadKind::kQuestionAnswering;
  if (reads_input_again) {
    RETURN_IF_ERROR(ReadDecoderTokens(
        config, {defaults.decoder_start_token_id, /*end=*/1}, out));
  }
  return out;
}

}  // namespace transformerd
