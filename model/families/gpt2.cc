// GPT-2: pre-norm blocks with learned positions, its linears stored as [in,
// out] (Radford et al., 2019).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"gpt2"};

constexpr ModelClass kClasses[] = {
    {"GPT2Model", HeadKind::kNone, /*pooler=*/false},
    {"GPT2LMHeadModel", HeadKind::kCausalLm, /*pooler=*/false},
    {"GPT2ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"GPT2ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"GPT2ForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"wte",              "embeddings.token"},
    {"wpe",              "embeddings.position"},
    {"h.{}.ln_1",        "layers.{}.attention_norm"},
    {"h.{}.attn.c_attn", "layers.{}.attention.qkv"},
    {"h.{}.attn.c_proj", "layers.{}.attention.output"},
    {"h.{}.ln_2",        "layers.{}.mlp_norm"},
    {"h.{}.mlp.c_fc",    "layers.{}.mlp.up"},
    {"h.{}.mlp.c_proj",  "layers.{}.mlp.down"},
    {"ln_f",             "final_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"lm_head",    "head.decoder"},
    {"score",      "head.sequence_classifier"},
    {"classifier", "head.token_classifier"},
    {"qa_outputs", "head.span_classifier"},
};
// clang-format on

// The causal mask and its value, which older releases saved.
constexpr absl::string_view kBuffers[] = {"h.{}.attn.bias",
                                          "h.{}.attn.masked_bias"};

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 50257;
  keys.hidden_size = {"n_embd", 768};
  keys.num_hidden_layers = {"n_layer", 12};
  keys.num_attention_heads = {"n_head", 12};
  keys.num_key_value_heads = {"", 0};
  keys.head_size = {"", 0};
  keys.intermediate_size = {"n_inner", 0};
  keys.max_position_embeddings = {"n_positions", 1024};
  keys.activation_key = "activation_function";
  keys.activation = "gelu_new";
  keys.norm = NormKind::kLayerNorm;
  keys.norm_eps_key = "layer_norm_epsilon";
  keys.norm_eps = 1e-5;
  keys.tie_word_embeddings = true;
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseDecoder(config, Keys(), model_class));
  BlockRecipe& block = out.stack.block;
  out.stack.embedding.position_rows = out.max_sequence_length;
  block.weights_in_out = true;
  block.mlp.bias = true;
  AttentionRecipe& attention = block.attention;
  attention.layout = QkvLayout::kConcatenated;
  attention.qkv_bias = true;
  attention.output_bias = true;
  ASSIGN_OR_RETURN(attention.scale_by_layer,
                   config.Bool("scale_attn_by_inverse_layer_idx", false));
  ASSIGN_OR_RETURN(const bool is_scaled,
                   config.Bool("scale_attn_weights", true));
  if (!is_scaled) attention.scale = 1;
  return out;
}

}  // namespace

extern const Family kGpt2 = {
    kModelTypes, kClasses, /*base_prefix=*/"transformer.", kBase, kHeads,
    kBuffers,    Parse};

}  // namespace transformerd
