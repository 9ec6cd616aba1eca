// DeBERTa-v2 and -v3 (He et al., 2021a and 2021b): BERT's encoder with scores
// that depend on tokens and their distances, and a convolution behind the first
// layer of some.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/disentangled_config.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"deberta-v2"};

constexpr ModelClass kClasses[] = {
    {"DebertaV2Model", HeadKind::kNone, /*pooler=*/false},
    {"DebertaV2ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/true},
    {"DebertaV2ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"DebertaV2ForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"DebertaV2ForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",                   "embeddings.token"},
    {"embeddings.position_embeddings",               "embeddings.position"},
    {"embeddings.token_type_embeddings",             "embeddings.token_type"},
    {"embeddings.embed_proj",                        "embeddings.projection"},
    {"embeddings.LayerNorm",                         "embeddings.norm"},
    {"encoder.rel_embeddings",                       "distances"},
    {"encoder.LayerNorm",                            "distance_norm"},
    {"encoder.conv.conv",                            "convolution"},
    {"encoder.conv.LayerNorm",                       "convolution_norm"},
    {"encoder.layer.{}.attention.self.query_proj",   "layers.{}.attention.query"},
    {"encoder.layer.{}.attention.self.key_proj",     "layers.{}.attention.key"},
    {"encoder.layer.{}.attention.self.value_proj",   "layers.{}.attention.value"},
    {"encoder.layer.{}.attention.self.pos_key_proj", "layers.{}.attention.position_key"},
    {"encoder.layer.{}.attention.self.pos_query_proj", "layers.{}.attention.position_query"},
    {"encoder.layer.{}.attention.output.dense",      "layers.{}.attention.output"},
    {"encoder.layer.{}.attention.output.LayerNorm",  "layers.{}.attention_norm"},
    {"encoder.layer.{}.intermediate.dense",          "layers.{}.mlp.up"},
    {"encoder.layer.{}.output.dense",                "layers.{}.mlp.down"},
    {"encoder.layer.{}.output.LayerNorm",            "layers.{}.mlp_norm"},
};

// The last three are those of the head that is not "legacy".
constexpr ParameterRule kHeads[] = {
    {"pooler.dense",                        "pooler.dense"},
    {"classifier",                          "head.sequence_classifier"},
    {"classifier",                          "head.token_classifier"},
    {"qa_outputs",                          "head.span_classifier"},
    {"cls.predictions.transform.dense",     "head.transform"},
    {"cls.predictions.transform.LayerNorm", "head.transform_norm"},
    {"cls.predictions.decoder",             "head.decoder"},
    {"cls.predictions",                     "head.decoder"},
    {"lm_predictions.lm_head.dense",        "head.transform"},
    {"lm_predictions.lm_head.LayerNorm",    "head.transform_norm"},
    {"lm_predictions.lm_head",              "head.decoder"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids"};

// A head of the pre-training that no class of transformers has.
constexpr absl::string_view kOtherModules[] = {"mask_predictions"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 128100;
  keys.hidden_size.default_value = 1536;
  keys.num_hidden_layers.default_value = 24;
  keys.num_attention_heads.default_value = 24;
  keys.intermediate_size.default_value = 6144;
  keys.type_vocab_size = {"", 0};  // may be 0: ReadEmbeddings() reads it
  keys.norm_eps = 1e-7;
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  RETURN_IF_ERROR(
      RequireInt(config, "attention_head_size", out.stack.head_size));
  RETURN_IF_ERROR(RequireInt(config, "pooler_hidden_size", out.hidden_size));
  RETURN_IF_ERROR(ReadDisentangled(config, out));
  RETURN_IF_ERROR(ReadEmbeddings(config, out.hidden_size, out.stack.embedding));
  ASSIGN_OR_RETURN(out.pooler_activation,
                   ReadActivation(config, "pooler_hidden_act", "gelu"));
  ASSIGN_OR_RETURN(const bool is_legacy, config.Bool("legacy", true));
  if (is_legacy) {
    out.head.dense_size = out.stack.embedding.size;
  } else if (model_class.head == HeadKind::kMaskedLm) {
    RETURN_IF_ERROR(RequireInt(config, "embedding_size", out.hidden_size));
    out.tie_word_embeddings = true;  // the head has no decoder of its own
  }
  return out;
}

}  // namespace

extern const Family kDebertaV2 =
    WithOtherModules({kModelTypes, kClasses, /*base_prefix=*/"deberta.", kBase,
                      kHeads, kBuffers, Parse},
                     kOtherModules);

}  // namespace transformerd
