#include "model/families/decoder_config.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/heads.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr double kMaxScore = 1e9;

// One of the dimensions that an empty key, a default of 0 and null leave to
// `otherwise`.
absl::Status ReadOptional(const ConfigReader& config, const ConfigKey& key,
                          int64_t otherwise, int64_t& value) {
  value = otherwise;
  if (key.key.empty() || config.IsNull(key.key)) return absl::OkStatus();
  const int64_t default_value =
      key.default_value > 0 ? key.default_value : otherwise;
  return ReadDimension(config, {key.key, default_value}, 1, kMaxWidth, value);
}

absl::Status ReadHeads(const ConfigReader& config, const DecoderKeys& keys,
                       Architecture& out) {
  StackRecipe& stack = out.stack;
  RETURN_IF_ERROR(ReadDimension(config, keys.num_attention_heads, 1, kMaxWidth,
                                stack.num_attention_heads));
  RETURN_IF_ERROR(ReadOptional(config, keys.head_size, 0, stack.head_size));
  RETURN_IF_ERROR(FinishHeadSize(keys.head_size.key,
                                 keys.num_attention_heads.key,
                                 keys.hidden_size.key, out.hidden_size, stack));
  int64_t& key_heads = stack.block.attention.num_key_value_heads;
  RETURN_IF_ERROR(ReadOptional(config, keys.num_key_value_heads,
                               stack.num_attention_heads, key_heads));
  return CheckDivides(keys.num_key_value_heads.key, key_heads,
                      keys.num_attention_heads.key, stack.num_attention_heads);
}

absl::Status ReadPadding(const ConfigReader& config, const ConfigKey& key,
                         Architecture& out) {
  if (config.IsNull(key.key)) return absl::OkStatus();
  ASSIGN_OR_RETURN(const int64_t id, config.Int(key.key, key.default_value, -1,
                                                out.vocab_size - 1));
  if (id >= 0) out.pad_token_id = id;
  return absl::OkStatus();
}

absl::Status ReadDimensions(const ConfigReader& config, const DecoderKeys& keys,
                            Architecture& out) {
  StackRecipe& stack = out.stack;
  RETURN_IF_ERROR(ReadDimension(config, keys.vocab_size, 1, kMaxVocabulary,
                                out.vocab_size));
  RETURN_IF_ERROR(
      ReadDimension(config, keys.hidden_size, 1, kMaxWidth, out.hidden_size));
  RETURN_IF_ERROR(ReadDimension(config, keys.num_hidden_layers, 0, kMaxLayers,
                                stack.num_hidden_layers));
  RETURN_IF_ERROR(ReadOptional(config, keys.intermediate_size,
                               4 * out.hidden_size, stack.intermediate_size));
  RETURN_IF_ERROR(ReadDimension(config, keys.max_position_embeddings, 1,
                                kMaxPositions, out.max_sequence_length));
  RETURN_IF_ERROR(ReadHeads(config, keys, out));
  return ReadPadding(config, keys.pad_token_id, out);
}

HeadRecipe HeadOf(HeadKind kind) {
  const bool is_row = kind == HeadKind::kSequenceClassification;
  HeadRecipe head =
      PlainHead(kind, is_row ? HeadPooling::kLast : HeadPooling::kTokens);
  head.output_bias = kind == HeadKind::kTokenClassification ||
                     kind == HeadKind::kQuestionAnswering;
  return head;
}

absl::Status ReadNorm(const ConfigReader& config, const DecoderKeys& keys,
                      StackRecipe& stack) {
  NormRecipe& norm = stack.block.norm;
  norm.kind = keys.norm;
  norm.eps = keys.norm_eps;
  if (!keys.norm_eps_key.empty()) {
    ASSIGN_OR_RETURN(norm.eps,
                     config.Double(keys.norm_eps_key, keys.norm_eps, 0.0, 1.0));
  }
  stack.final_norm = norm;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ParseDecoder(const ConfigReader& config,
                                          const DecoderKeys& keys,
                                          const ModelClass& model_class) {
  Architecture out;
  RETURN_IF_ERROR(RequireBool(config, "add_cross_attention", false));
  RETURN_IF_ERROR(RequireBool(config, "is_causal", true));
  RETURN_IF_ERROR(ReadDimensions(config, keys, out));
  BlockRecipe& block = out.stack.block;
  ASSIGN_OR_RETURN(
      block.mlp.activation,
      ReadActivation(config, keys.activation_key, keys.activation));
  RETURN_IF_ERROR(ReadNorm(config, keys, out.stack));
  block.norm_placement = NormPlacement::kPre;
  block.attention.causal = true;
  block.attention.qkv_bias = false;
  block.attention.output_bias = false;
  block.mlp.bias = false;
  ASSIGN_OR_RETURN(
      out.tie_word_embeddings,
      config.Bool("tie_word_embeddings", keys.tie_word_embeddings));
  ASSIGN_OR_RETURN(out.initializer_range,
                   config.Double(keys.initializer_range_key, 0.02, 0.0, 1e3));
  RETURN_IF_ERROR(ReadLabels(config, out));
  out.class_name = std::string(model_class.name);
  out.head = HeadOf(model_class.head);
  return out;
}

absl::StatusOr<Architecture> ParseLlamaDecoder(const ConfigReader& config,
                                               const DecoderKeys& keys,
                                               const LlamaBlocks& blocks,
                                               const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseDecoder(config, keys, model_class));
  BlockRecipe& block = out.stack.block;
  block.mlp.kind = MlpKind::kGated;
  if (blocks.has_attention_bias) {
    ASSIGN_OR_RETURN(block.attention.qkv_bias,
                     config.Bool("attention_bias", false));
    block.attention.output_bias = block.attention.qkv_bias;
  }
  if (blocks.has_mlp_bias) {
    ASSIGN_OR_RETURN(block.mlp.bias, config.Bool("mlp_bias", false));
  }
  if (model_class.head == HeadKind::kTokenClassification) {
    ASSIGN_OR_RETURN(out.head.output_bias,
                     config.Bool("token_classification_bias", true));
  }
  if (blocks.rotary) {
    RETURN_IF_ERROR(SetRotary(config, *blocks.rotary, out));
  }
  return out;
}

absl::StatusOr<int64_t> ReadWindow(const ConfigReader& config,
                                   int64_t default_value) {
  constexpr absl::string_view kKey = "sliding_window";
  if (config.IsNull(kKey)) return 0;
  return config.Int(kKey, default_value, 1, kMaxPositions);
}

void SetWindow(int64_t window, StackRecipe& stack) {
  if (window == 0) return;
  for (LayerVariant& variant : stack.variants) variant.span.before = window - 1;
}

absl::Status SetSlidingLayers(const ConfigReader& config, int64_t window,
                              absl::FunctionRef<bool(int64_t)> is_sliding,
                              StackRecipe& stack) {
  ASSIGN_OR_RETURN(const std::vector<bool> slides,
                   ReadSlidingLayers(config, stack.num_hidden_layers));
  stack.variants.resize(1);
  stack.variants.push_back(stack.variants.front());
  if (window > 0) stack.variants.back().span.before = window - 1;
  stack.variant_of_layer.clear();
  for (int64_t layer = 0; layer < stack.num_hidden_layers; ++layer) {
    const bool is_local = slides.empty() ? is_sliding(layer) : slides[layer];
    if (is_local && window == 0) {
      return LoadError(
          Reason::kConfigInvalid,
          absl::StrCat("config.json: layer ", layer, " is of type ",
                       kSlidingAttention,
                       " where there is no sliding_window, expected a number "
                       "of tokens"));
    }
    stack.variant_of_layer.push_back(is_local ? 1 : 0);
  }
  return absl::OkStatus();
}

absl::StatusOr<double> ReadSoftCap(const ConfigReader& config,
                                   absl::string_view key,
                                   double default_value) {
  if (config.IsNull(key)) return 0;
  return config.Double(key, default_value, 1e-9, kMaxScore);
}

}  // namespace transformerd
