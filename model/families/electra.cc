// ELECTRA (Clark et al., 2020): BERT's encoder behind embeddings of a width of
// their own. The generator guesses masked tokens, the discriminator tells which
// tokens were replaced.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/heads.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"electra"};

constexpr ModelClass kClasses[] = {
    {"ElectraModel", HeadKind::kNone, /*pooler=*/false},
    {"ElectraForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"ElectraForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"ElectraForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"ElectraForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
    {"ElectraForPreTraining", HeadKind::kReplacedToken, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",                  "embeddings.token"},
    {"embeddings.position_embeddings",              "embeddings.position"},
    {"embeddings.token_type_embeddings",            "embeddings.token_type"},
    {"embeddings.LayerNorm",                        "embeddings.norm"},
    {"embeddings_project",                          "embeddings.projection"},
    {"encoder.layer.{}.attention.self.query",       "layers.{}.attention.query"},
    {"encoder.layer.{}.attention.self.key",         "layers.{}.attention.key"},
    {"encoder.layer.{}.attention.self.value",       "layers.{}.attention.value"},
    {"encoder.layer.{}.attention.output.dense",     "layers.{}.attention.output"},
    {"encoder.layer.{}.attention.output.LayerNorm", "layers.{}.attention_norm"},
    {"encoder.layer.{}.intermediate.dense",         "layers.{}.mlp.up"},
    {"encoder.layer.{}.output.dense",               "layers.{}.mlp.down"},
    {"encoder.layer.{}.output.LayerNorm",           "layers.{}.mlp_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"classifier.dense",                           "head.sequence_dense"},
    {"classifier.out_proj",                        "head.sequence_classifier"},
    {"classifier",                                 "head.token_classifier"},
    {"qa_outputs",                                 "head.span_classifier"},
    {"generator_predictions.dense",                "head.transform"},
    {"generator_predictions.LayerNorm",            "head.transform_norm"},
    {"generator_lm_head",                          "head.decoder"},
    {"discriminator_predictions.dense",            "head.detector_dense"},
    {"discriminator_predictions.dense_prediction", "head.detector_classifier"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids",
                                          "embeddings.token_type_ids"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.hidden_size.default_value = 256;
  keys.num_attention_heads.default_value = 4;
  keys.intermediate_size.default_value = 1024;
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  EmbeddingRecipe& embedding = out.stack.embedding;
  ASSIGN_OR_RETURN(embedding.size,
                   ReadEmbeddingSize(config, /*default_value=*/128));
  if (embedding.size != out.hidden_size) {
    embedding.projection = EmbeddingProjection::kSum;
  }
  HeadRecipe& head = out.head;
  switch (model_class.head) {
    case HeadKind::kSequenceClassification:
      head = FirstTokenHead(Activation::kGelu);
      break;
    case HeadKind::kMaskedLm:
      head.activation = Activation::kGelu;  // whatever hidden_act says
      head.dense_size = embedding.size;
      break;
    case HeadKind::kReplacedToken:
      head.dense = true;
      head.activation = out.stack.block.mlp.activation;
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

extern const Family kElectra = {
    kModelTypes, kClasses, /*base_prefix=*/"electra.", kBase, kHeads,
    kBuffers,    Parse};

}  // namespace transformerd
