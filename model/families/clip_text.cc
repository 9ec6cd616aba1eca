// The text side of CLIP (Radford et al., 2021): a causal pre-norm encoder whose
// vector of a text is what the end-of-text token has become.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/heads.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"clip", "clip_text_model"};

constexpr ModelClass kClasses[] = {
    {"CLIPTextModel", HeadKind::kNone, /*pooler=*/true},
    {"CLIPTextModelWithProjection", HeadKind::kTextProjection,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.token_embedding",           "embeddings.token"},
    {"embeddings.position_embedding",        "embeddings.position"},
    {"encoder.layers.{}.layer_norm1",        "layers.{}.attention_norm"},
    {"encoder.layers.{}.self_attn.q_proj",   "layers.{}.attention.query"},
    {"encoder.layers.{}.self_attn.k_proj",   "layers.{}.attention.key"},
    {"encoder.layers.{}.self_attn.v_proj",   "layers.{}.attention.value"},
    {"encoder.layers.{}.self_attn.out_proj", "layers.{}.attention.output"},
    {"encoder.layers.{}.layer_norm2",        "layers.{}.mlp_norm"},
    {"encoder.layers.{}.mlp.fc1",            "layers.{}.mlp.up"},
    {"encoder.layers.{}.mlp.fc2",            "layers.{}.mlp.down"},
    {"final_layer_norm",                     "final_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"text_projection", "head.text_projection"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids",
                                          "logit_scale"};

// Of the other side.
constexpr absl::string_view kOtherModules[] = {"vision_model",
                                               "visual_projection"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 49408;
  keys.hidden_size.default_value = 512;
  keys.num_attention_heads.default_value = 8;
  keys.intermediate_size.default_value = 2048;
  keys.max_position_embeddings.default_value = 77;
  keys.type_vocab_size = {"", 0};
  keys.pad_token_id.default_value = 1;
  keys.norm_eps = 1e-5;
  keys.activation = "quick_gelu";
  return keys;
}

// What older files say of every vocabulary; the token is the highest id then.
constexpr int64_t kLegacyEndOfText = 2;

// A config of both sides has the text side's within it.
absl::StatusOr<ConfigReader> TextConfig(const ConfigReader& whole) {
  const absl::string_view key =
      whole.FirstOf({"text_config", "text_config_dict"});
  return whole.Has(key) ? whole.Object(key) : whole;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& whole,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const ConfigReader config, TextConfig(whole));
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  ASSIGN_OR_RETURN(const int64_t end_of_text,
                   config.Int("eos_token_id", 49407, 0, kMaxVocabulary));
  if (end_of_text != kLegacyEndOfText) out.end_of_text = end_of_text;
  StackRecipe& stack = out.stack;
  stack.block.norm_placement = NormPlacement::kPre;
  stack.block.attention.causal = true;
  stack.embedding.norm.reset();
  stack.final_norm = stack.block.norm;
  stack.last_hidden_state_is_normed = false;
  out.pooler_dense = false;
  out.pooler_pooling = HeadPooling::kFirstEndOfText;
  if (model_class.head == HeadKind::kTextProjection) {
    out.head = PlainHead(model_class.head, HeadPooling::kFirstEndOfText);
    out.head.output_bias = false;
    const ConfigReader& source = config.Has("projection_dim") ? config : whole;
    ASSIGN_OR_RETURN(out.head.projection_size,
                     source.Int("projection_dim", 512, 1, kMaxWidth));
  }
  return out;
}

}  // namespace

extern const Family kClipText =
    WithOtherModules({kModelTypes, kClasses, /*base_prefix=*/"text_model.",
                      kBase, kHeads, kBuffers, Parse},
                     kOtherModules);

}  // namespace transformerd
