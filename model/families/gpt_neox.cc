// GPT-NeoX: attention and feed-forward network side by side, partly rotated
// heads (Black et al., 2022).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/rotary_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"gpt_neox"};

constexpr ModelClass kClasses[] = {
    {"GPTNeoXModel", HeadKind::kNone, /*pooler=*/false},
    {"GPTNeoXForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"GPTNeoXForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"GPTNeoXForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"GPTNeoXForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_in",                            "embeddings.token"},
    {"layers.{}.input_layernorm",           "layers.{}.attention_norm"},
    {"layers.{}.attention.query_key_value", "layers.{}.attention.qkv"},
    {"layers.{}.attention.dense",           "layers.{}.attention.output"},
    {"layers.{}.post_attention_layernorm",  "layers.{}.mlp_norm"},
    {"layers.{}.mlp.dense_h_to_4h",         "layers.{}.mlp.up"},
    {"layers.{}.mlp.dense_4h_to_h",         "layers.{}.mlp.down"},
    {"final_layer_norm",                    "final_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"embed_out",  "head.decoder"},
    {"lm_head",    "head.decoder"},
    {"score",      "head.sequence_classifier"},
    {"classifier", "head.token_classifier"},
    {"qa_outputs", "head.span_classifier"},
};
// clang-format on

// Masks and frequencies, which older releases saved.
constexpr absl::string_view kBuffers[] = {
    "layers.{}.attention.bias", "layers.{}.attention.masked_bias",
    "layers.{}.attention.rotary_emb.inv_freq", "rotary_emb.inv_freq"};

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 50432;
  keys.hidden_size.default_value = 6144;
  keys.num_hidden_layers.default_value = 44;
  keys.num_attention_heads.default_value = 64;
  keys.num_key_value_heads = {"", 0};
  keys.head_size = {"", 0};
  keys.intermediate_size.default_value = 24576;
  keys.activation = "gelu";
  keys.norm = NormKind::kLayerNorm;
  keys.norm_eps_key = "layer_norm_eps";
  keys.norm_eps = 1e-5;
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseDecoder(config, Keys(), model_class));
  BlockRecipe& block = out.stack.block;
  ASSIGN_OR_RETURN(const bool is_parallel,
                   config.Bool("use_parallel_residual", true));
  if (is_parallel) block.norm_placement = NormPlacement::kParallel;
  block.mlp.bias = true;
  block.attention.layout = QkvLayout::kPerHead;
  ASSIGN_OR_RETURN(block.attention.qkv_bias,
                   config.Bool("attention_bias", true));
  block.attention.output_bias = block.attention.qkv_bias;
  RotarySource rotary;
  rotary.theta_key = "rotary_emb_base";
  rotary.part_key = "rotary_pct";
  rotary.part = 0.25;
  rotary.is_partial = true;
  RETURN_IF_ERROR(SetRotary(config, rotary, out));
  return out;
}

}  // namespace

extern const Family kGptNeoX = {
    kModelTypes, kClasses, /*base_prefix=*/"gpt_neox.", kBase, kHeads,
    kBuffers,    Parse};

}  // namespace transformerd
