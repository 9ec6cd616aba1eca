// RoBERTa (Liu et al., 2019): BERT's encoder with positions counted behind the
// padding id and heads of its own. XLM-RoBERTa (Conneau et al., 2020) and
// CamemBERT (Martin et al., 2020) differ in their class names and defaults.
#include "model/base/status_macros.h"
#include "model/families/bert_parameters.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/roberta_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kRobertaTypes[] = {"roberta"};
constexpr absl::string_view kXlmRobertaTypes[] = {"xlm-roberta"};
constexpr absl::string_view kCamembertTypes[] = {"camembert"};

constexpr auto kRobertaClasses =
    RobertaClasses({"RobertaModel", "RobertaForSequenceClassification",
                    "RobertaForTokenClassification",
                    "RobertaForQuestionAnswering", "RobertaForMaskedLM"});

constexpr auto kXlmRobertaClasses =
    RobertaClasses({"XLMRobertaModel", "XLMRobertaForSequenceClassification",
                    "XLMRobertaForTokenClassification",
                    "XLMRobertaForQuestionAnswering", "XLMRobertaForMaskedLM"});

constexpr auto kCamembertClasses =
    RobertaClasses({"CamembertModel", "CamembertForSequenceClassification",
                    "CamembertForTokenClassification",
                    "CamembertForQuestionAnswering", "CamembertForMaskedLM"});

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
  RETURN_IF_ERROR(SetRobertaPositions(out.pad_token_id.value_or(0), out));
  SetRobertaHead(model_class.head, out);
  return out;
}

}  // namespace

extern const Family kRoberta = {
    kRobertaTypes, kRobertaClasses, /*base_prefix=*/"roberta.", kBertParameters,
    kRobertaHeads, kBertBuffers,    Parse<kRobertaVocabulary>};

extern const Family kXlmRoberta = {
    kXlmRobertaTypes,           kXlmRobertaClasses,
    /*base_prefix=*/"roberta.", kBertParameters,    kRobertaHeads, kBertBuffers,
    Parse<kOtherVocabulary>};

extern const Family kCamembert = {kCamembertTypes,
                                  kCamembertClasses,
                                  /*base_prefix=*/"roberta.",
                                  kBertParameters,
                                  kRobertaHeads,
                                  kBertBuffers,
                                  Parse<kOtherVocabulary>};

}  // namespace transformerd
