// BERT: a post-norm encoder with learned positions (Devlin et al., 2019).
#include "absl/strings/string_view.h"
#include "model/families/bert_parameters.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"bert"};

constexpr ModelClass kClasses[] = {
    {"BertModel", HeadKind::kNone, /*pooler=*/true},
    {"BertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/true},
    {"BertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"BertForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"BertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
    {"BertForPreTraining", HeadKind::kPreTraining, /*pooler=*/true},
};

// clang-format off
constexpr ParameterRule kHeads[] = {
    {"classifier",                          "head.sequence_classifier"},
    {"classifier",                          "head.token_classifier"},
    {"qa_outputs",                          "head.span_classifier"},
    {"cls.predictions.transform.dense",     "head.transform"},
    {"cls.predictions.transform.LayerNorm", "head.transform_norm"},
    {"cls.predictions.decoder",             "head.decoder"},
    {"cls.predictions",                     "head.decoder"},
    {"cls.seq_relationship",                "head.relationship"},
};
// clang-format on

constexpr EncoderKeys kKeys = {
    /*vocab_size=*/{"vocab_size", 30522},
    /*hidden_size=*/{"hidden_size", 768},
    /*num_hidden_layers=*/{"num_hidden_layers", 12},
    /*num_attention_heads=*/{"num_attention_heads", 12},
    /*intermediate_size=*/{"intermediate_size", 3072},
    /*max_position_embeddings=*/{"max_position_embeddings", 512},
    /*type_vocab_size=*/{"type_vocab_size", 2},
    /*pad_token_id=*/{"pad_token_id", 0},
};

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  return ParseEncoder(config, kKeys, model_class);
}

}  // namespace

extern const Family kBert = {
    kModelTypes,  kClasses, /*base_prefix=*/"bert.", kBertParameters, kHeads,
    kBertBuffers, Parse};

}  // namespace transformerd
