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

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  return ParseEncoder(config, EncoderKeys(), model_class);
}

}  // namespace

extern const Family kBert = {
    kModelTypes,  kClasses, /*base_prefix=*/"bert.", kBertParameters, kHeads,
    kBertBuffers, Parse};

}  // namespace transformerd
