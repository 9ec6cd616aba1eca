// ViT (Dosovitskiy et al., 2021): a pre-norm encoder of images, cut into
// patches.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/config_fields.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/heads.h"
#include "model/families/patch_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"vit"};

constexpr ModelClass kClasses[] = {
    {"ViTModel", HeadKind::kNone, /*pooler=*/true},
    {"ViTForImageClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.cls_token",                        "embeddings.class_token", RuleKind::kParameter},
    {"embeddings.position_embeddings",              "embeddings.position",    RuleKind::kParameter},
    {"embeddings.patch_embeddings.projection",      "embeddings.patch"},
    {"encoder.layer.{}.layernorm_before",           "layers.{}.attention_norm"},
    {"encoder.layer.{}.attention.attention.query",  "layers.{}.attention.query"},
    {"encoder.layer.{}.attention.attention.key",    "layers.{}.attention.key"},
    {"encoder.layer.{}.attention.attention.value",  "layers.{}.attention.value"},
    {"encoder.layer.{}.attention.output.dense",     "layers.{}.attention.output"},
    {"encoder.layer.{}.layernorm_after",            "layers.{}.mlp_norm"},
    {"encoder.layer.{}.intermediate.dense",         "layers.{}.mlp.up"},
    {"encoder.layer.{}.output.dense",               "layers.{}.mlp.down"},
    {"layernorm",                                   "final_norm"},
    {"pooler.dense",                                "pooler.dense"},
};

constexpr ParameterRule kHeads[] = {
    {"classifier", "head.sequence_classifier"},
};
// clang-format on

// Only a model that predicts hidden patches computes with it.
constexpr absl::string_view kBuffers[] = {"embeddings.mask_token"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 1;
  keys.max_position_embeddings = {"", 0};
  keys.type_vocab_size = {"", 0};
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  out.input = ModelInput::kPixels;
  out.vocab_size = 0;
  out.pad_token_id.reset();
  out.stack.embedding = {};
  ASSIGN_OR_RETURN(out.stack.embedding.patches, ReadPatches(config));
  out.max_sequence_length = out.stack.embedding.patches->num_patches() + 1;
  BlockRecipe& block = out.stack.block;
  block.norm_placement = NormPlacement::kPre;
  ASSIGN_OR_RETURN(block.attention.qkv_bias, config.Bool("qkv_bias", true));
  out.stack.final_norm = block.norm;
  out.stack.last_hidden_state_is_normed = false;
  ASSIGN_OR_RETURN(out.pooler_size, config.Int("pooler_output_size",
                                               out.hidden_size, 1, kMaxWidth));
  ASSIGN_OR_RETURN(out.pooler_activation,
                   ReadActivation(config, "pooler_act", "tanh"));
  out.head = PlainHead(model_class.head, HeadPooling::kFirst);
  return out;
}

}  // namespace

extern const Family kVit = {kModelTypes, kClasses, /*base_prefix=*/"vit.",
                            kBase,       kHeads,   kBuffers,
                            Parse};

}  // namespace transformerd
