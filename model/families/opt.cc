// OPT: learned positions behind an offset of 2, pre- or post-norm, embeddings
// of another width (Zhang et al., 2022).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"opt"};

constexpr ModelClass kClasses[] = {
    {"OPTModel", HeadKind::kNone, /*pooler=*/false},
    {"OPTForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"OPTForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"OPTForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"decoder.embed_tokens",                   "embeddings.token"},
    {"decoder.embed_positions",                "embeddings.position"},
    {"decoder.project_in",                     "embeddings.projection"},
    {"decoder.layers.{}.self_attn.q_proj",     "layers.{}.attention.query"},
    {"decoder.layers.{}.self_attn.k_proj",     "layers.{}.attention.key"},
    {"decoder.layers.{}.self_attn.v_proj",     "layers.{}.attention.value"},
    {"decoder.layers.{}.self_attn.out_proj",   "layers.{}.attention.output"},
    {"decoder.layers.{}.self_attn_layer_norm", "layers.{}.attention_norm"},
    {"decoder.layers.{}.fc1",                  "layers.{}.mlp.up"},
    {"decoder.layers.{}.fc2",                  "layers.{}.mlp.down"},
    {"decoder.layers.{}.final_layer_norm",     "layers.{}.mlp_norm"},
    {"decoder.final_layer_norm",               "final_norm"},
    {"decoder.project_out",                    "output_projection"},
};

constexpr ParameterRule kHeads[] = {
    {"lm_head",    "head.decoder"},
    {"score",      "head.sequence_classifier"},
    {"qa_outputs", "head.span_classifier"},
};
// clang-format on

constexpr int64_t kPositionOffset = 2;

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 50272;
  keys.hidden_size.default_value = 768;
  keys.num_hidden_layers.default_value = 12;
  keys.num_attention_heads.default_value = 12;
  keys.num_key_value_heads = {"", 0};
  keys.head_size = {"", 0};
  keys.intermediate_size = {"ffn_dim", 3072};
  keys.pad_token_id.default_value = 1;
  keys.activation_key = "activation_function";
  keys.activation = "relu";
  keys.norm = NormKind::kLayerNorm;
  keys.norm_eps_key = "";
  keys.norm_eps = 1e-5;
  keys.tie_word_embeddings = true;
  keys.initializer_range_key = "init_std";
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseDecoder(config, Keys(), model_class));
  StackRecipe& stack = out.stack;
  BlockRecipe& block = stack.block;
  ASSIGN_OR_RETURN(block.mlp.bias, config.Bool("enable_bias", true));
  block.attention.qkv_bias = block.mlp.bias;
  block.attention.output_bias = block.mlp.bias;
  ASSIGN_OR_RETURN(block.norm.weight,
                   config.Bool("layer_norm_elementwise_affine", true));
  stack.final_norm = block.norm;
  ASSIGN_OR_RETURN(const bool is_pre_norm,
                   config.Bool("do_layer_norm_before", true));
  ASSIGN_OR_RETURN(const bool lacks_final_norm,
                   config.Bool("_remove_final_layer_norm", false));
  if (!is_pre_norm) block.norm_placement = NormPlacement::kPost;
  if (!is_pre_norm || lacks_final_norm) stack.final_norm.reset();
  out.position_rule = PositionRule::kVisibleTokens;
  EmbeddingRecipe& embedding = stack.embedding;
  embedding.position_offset = kPositionOffset;
  embedding.position_rows = out.max_sequence_length + kPositionOffset;
  RETURN_IF_ERROR(ReadDimension(config,
                                {"word_embed_proj_dim", out.hidden_size}, 1,
                                kMaxWidth, embedding.size));
  if (embedding.size != out.hidden_size) {
    embedding.projection = EmbeddingProjection::kTokens;
    stack.output_projection = true;
  }
  return out;
}

}  // namespace

extern const Family kOpt = {kModelTypes,    kClasses, /*base_prefix=*/"model.",
                            kBase,          kHeads,
                            /*buffers=*/{}, Parse};

}  // namespace transformerd
