// ModernBERT (Warner et al., 2024): a pre-norm encoder with rotated queries and
// keys, gated networks, and layers that see all tokens between such that see
// their neighbourhood.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/alternating_layers.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"modernbert"};

constexpr ModelClass kClasses[] = {
    {"ModernBertModel", HeadKind::kNone, /*pooler=*/false},
    {"ModernBertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"ModernBertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"ModernBertForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"ModernBertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.tok_embeddings", "embeddings.token"},
    {"embeddings.norm",           "embeddings.norm"},
    {"layers.{}.attn_norm",       "layers.{}.attention_norm"},
    {"layers.{}.attn.Wqkv",       "layers.{}.attention.qkv"},
    {"layers.{}.attn.Wo",         "layers.{}.attention.output"},
    {"layers.{}.mlp_norm",        "layers.{}.mlp_norm"},
    {"layers.{}.mlp.Wi",          "layers.{}.mlp.gate_up"},
    {"layers.{}.mlp.Wo",          "layers.{}.mlp.down"},
    {"final_norm",                "final_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"head.dense", "head.sequence_dense"},
    {"head.norm",  "head.sequence_norm"},
    {"classifier", "head.sequence_classifier"},
    {"head.dense", "head.token_dense"},
    {"head.norm",  "head.token_norm"},
    {"classifier", "head.token_classifier"},
    {"head.dense", "head.span_dense"},
    {"head.norm",  "head.span_norm"},
    {"classifier", "head.span_classifier"},
    {"head.dense", "head.transform"},
    {"head.norm",  "head.transform_norm"},
    {"decoder",    "head.decoder"},
};
// clang-format on

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 50368;
  keys.num_hidden_layers.default_value = 22;
  keys.intermediate_size.default_value = 1152;
  keys.max_position_embeddings.default_value = 8192;
  keys.type_vocab_size = {"", 0};
  keys.pad_token_id.default_value = 50283;
  keys.activation_key = "hidden_activation";
  keys.norm_eps_key = "norm_eps";
  keys.norm_eps = 1e-5;
  return keys;
}

// All classes look at tokens through the same layers.
absl::Status ReadHead(const ConfigReader& config, const NormRecipe& norm,
                      HeadRecipe& head) {
  head.dense = true;
  head.norm = norm;
  ASSIGN_OR_RETURN(head.dense_bias, config.Bool("classifier_bias", false));
  ASSIGN_OR_RETURN(head.activation,
                   ReadActivation(config, "classifier_activation", "gelu"));
  ASSIGN_OR_RETURN(const bool decoder_bias, config.Bool("decoder_bias", true));
  if (head.kind == HeadKind::kMaskedLm) head.output_bias = decoder_bias;
  ASSIGN_OR_RETURN(const bool is_mean,
                   ReadChoice(config, "classifier_pooling", {"cls", "mean"}));
  if (head.kind == HeadKind::kSequenceClassification) {
    head.pooling = is_mean ? HeadPooling::kMean : HeadPooling::kFirst;
  }
  return absl::OkStatus();
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  StackRecipe& stack = out.stack;
  stack.embedding.position_rows = 0;
  BlockRecipe& block = stack.block;
  block.norm_placement = NormPlacement::kPre;
  block.first_attention_norm = false;
  block.mlp.kind = MlpKind::kGatedFused;
  block.attention.layout = QkvLayout::kConcatenated;
  ASSIGN_OR_RETURN(block.norm.bias, config.Bool("norm_bias", false));
  ASSIGN_OR_RETURN(block.mlp.bias, config.Bool("mlp_bias", false));
  ASSIGN_OR_RETURN(block.attention.qkv_bias,
                   config.Bool("attention_bias", false));
  block.attention.output_bias = block.attention.qkv_bias;
  stack.embedding.norm = block.norm;
  stack.final_norm = block.norm;
  RETURN_IF_ERROR(ReadHead(config, block.norm, out.head));
  RETURN_IF_ERROR(ReadAlternatingLayers(config, out));
  return out;
}

}  // namespace

extern const Family kModernBert = {
    kModelTypes,    kClasses, /*base_prefix=*/"model.", kBase, kHeads,
    /*buffers=*/{}, Parse};

}  // namespace transformerd
