// RoBERTa (Liu et al., 2019): BERT's encoder with positions counted behind the
// padding id and heads of its own. XLM-RoBERTa (Conneau et al., 2020) and
// CamemBERT (Martin et al., 2020) differ in their class names and defaults.
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/bert_parameters.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/heads.h"

namespace transformerd {
namespace {

constexpr absl::string_view kRobertaTypes[] = {"roberta"};
constexpr absl::string_view kXlmRobertaTypes[] = {"xlm-roberta"};
constexpr absl::string_view kCamembertTypes[] = {"camembert"};

constexpr ModelClass kRobertaClasses[] = {
    {"RobertaModel", HeadKind::kNone, /*pooler=*/true},
    {"RobertaForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"RobertaForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"RobertaForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"RobertaForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

constexpr ModelClass kXlmRobertaClasses[] = {
    {"XLMRobertaModel", HeadKind::kNone, /*pooler=*/true},
    {"XLMRobertaForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"XLMRobertaForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"XLMRobertaForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"XLMRobertaForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

constexpr ModelClass kCamembertClasses[] = {
    {"CamembertModel", HeadKind::kNone, /*pooler=*/true},
    {"CamembertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"CamembertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"CamembertForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"CamembertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kHeads[] = {
    {"classifier.dense",    "head.sequence_dense"},
    {"classifier.out_proj", "head.sequence_classifier"},
    {"classifier",          "head.token_classifier"},
    {"qa_outputs",          "head.span_classifier"},
    {"lm_head.dense",       "head.transform"},
    {"lm_head.layer_norm",  "head.transform_norm"},
    {"lm_head.decoder",     "head.decoder"},
    {"lm_head",             "head.decoder"},
};
// clang-format on

constexpr EncoderKeys KeysWithVocabulary(int64_t vocab_size) {
  EncoderKeys keys;
  keys.vocab_size.default_value = vocab_size;
  keys.pad_token_id.default_value = 1;
  return keys;
}

constexpr int64_t kRobertaVocabulary = 50265;
constexpr int64_t kOtherVocabulary = 30522;  // the default of both others

template <int64_t vocab_size>
absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(
      Architecture out,
      ParseEncoder(config, KeysWithVocabulary(vocab_size), model_class));
  out.position_rule = PositionRule::kAfterPadding;
  // The first token has position pad + 1.
  const int64_t rows = out.stack.embedding.position_rows;
  const int64_t pad = out.pad_token_id.value_or(0);
  out.max_sequence_length = rows - pad - 1;
  if (out.max_sequence_length < 1) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat("config.json: max_position_embeddings=", rows,
                     " leaves no position behind pad_token_id=", pad));
  }
  if (model_class.head == HeadKind::kSequenceClassification) {
    out.head = FirstTokenHead(Activation::kTanh);
  } else if (model_class.head == HeadKind::kMaskedLm) {
    out.head.activation = Activation::kGelu;  // whatever hidden_act says
  }
  return out;
}

}  // namespace

extern const Family kRoberta = {
    kRobertaTypes, kRobertaClasses, /*base_prefix=*/"roberta.", kBertParameters,
    kHeads,        kBertBuffers,    Parse<kRobertaVocabulary>};

extern const Family kXlmRoberta = {
    kXlmRobertaTypes,           kXlmRobertaClasses,
    /*base_prefix=*/"roberta.", kBertParameters,    kHeads, kBertBuffers,
    Parse<kOtherVocabulary>};

extern const Family kCamembert = {kCamembertTypes,
                                  kCamembertClasses,
                                  /*base_prefix=*/"roberta.",
                                  kBertParameters,
                                  kHeads,
                                  kBertBuffers,
                                  Parse<kOtherVocabulary>};

}  // namespace transformerd
