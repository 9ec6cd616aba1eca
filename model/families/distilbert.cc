// DistilBERT (Sanh et al., 2019): BERT's encoder without token types and
// pooler, under names of its own.
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/heads.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"distilbert"};

constexpr ModelClass kClasses[] = {
    {"DistilBertModel", HeadKind::kNone, /*pooler=*/false},
    {"DistilBertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"DistilBertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"DistilBertForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"DistilBertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",             "embeddings.token"},
    {"embeddings.position_embeddings",         "embeddings.position"},
    {"embeddings.LayerNorm",                   "embeddings.norm"},
    {"transformer.layer.{}.attention.q_lin",   "layers.{}.attention.query"},
    {"transformer.layer.{}.attention.k_lin",   "layers.{}.attention.key"},
    {"transformer.layer.{}.attention.v_lin",   "layers.{}.attention.value"},
    {"transformer.layer.{}.attention.out_lin", "layers.{}.attention.output"},
    {"transformer.layer.{}.sa_layer_norm",     "layers.{}.attention_norm"},
    {"transformer.layer.{}.ffn.lin1",          "layers.{}.mlp.up"},
    {"transformer.layer.{}.ffn.lin2",          "layers.{}.mlp.down"},
    {"transformer.layer.{}.output_layer_norm", "layers.{}.mlp_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"pre_classifier",   "head.sequence_dense"},
    {"classifier",       "head.sequence_classifier"},
    {"classifier",       "head.token_classifier"},
    {"qa_outputs",       "head.span_classifier"},
    {"vocab_transform",  "head.transform"},
    {"vocab_layer_norm", "head.transform_norm"},
    {"vocab_projector",  "head.decoder"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.hidden_size = {"dim", 768};
  keys.num_hidden_layers = {"n_layers", 6};
  keys.num_attention_heads = {"n_heads", 12};
  keys.intermediate_size = {"hidden_dim", 3072};
  keys.type_vocab_size = {"", 0};
  keys.activation_key = "activation";
  keys.norm_eps_key = "";
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  if (model_class.head == HeadKind::kSequenceClassification) {
    out.head = FirstTokenHead(Activation::kRelu);
  }
  return out;
}

}  // namespace

extern const Family kDistilBert = {kModelTypes,
                                   kClasses,
                                   /*base_prefix=*/"distilbert.",
                                   kBase,
                                   kHeads,
                                   kBuffers,
                                   Parse};

}  // namespace transformerd
