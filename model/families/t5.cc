// T5 (Raffel et al., 2020): an encoder and a decoder of pre-norm blocks without
// biases, whose positions are biases by distance. mT5 (Xue et al., 2021)
// differs in its class names and defaults.
#include <optional>

#include "absl/strings/string_view.h"
#include "model/families/family.h"
#include "model/families/t5_config.h"
#include "model/families/t5_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kT5Types[] = {"t5"};
constexpr absl::string_view kMt5Types[] = {"mt5"};

constexpr ModelClass kT5Classes[] = {
    {"T5Model", HeadKind::kNone, /*pooler=*/false, /*decoder=*/true},
    {"T5ForConditionalGeneration", HeadKind::kCausalLm, /*pooler=*/false,
     /*decoder=*/true},
    {"T5EncoderModel", HeadKind::kNone, /*pooler=*/false},
    {"T5ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false, /*decoder=*/true},
    {"T5ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"T5ForQuestionAnswering", HeadKind::kQuestionAnswering, /*pooler=*/false,
     /*decoder=*/true},
};

constexpr ModelClass kMt5Classes[] = {
    {"MT5Model", HeadKind::kNone, /*pooler=*/false, /*decoder=*/true},
    {"MT5ForConditionalGeneration", HeadKind::kCausalLm, /*pooler=*/false,
     /*decoder=*/true},
    {"MT5EncoderModel", HeadKind::kNone, /*pooler=*/false},
    {"MT5ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false, /*decoder=*/true},
    {"MT5ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"MT5ForQuestionAnswering", HeadKind::kQuestionAnswering, /*pooler=*/false,
     /*decoder=*/true},
};

constexpr T5Defaults kT5Defaults = {
    /*vocab_size=*/32128,
    /*num_layers=*/6,
    /*num_heads=*/8,
    /*intermediate_size=*/2048,
    /*feed_forward=*/"relu",
    /*decoder_start_token_id=*/std::nullopt,
    /*scales_logits=*/true,
};

constexpr T5Defaults kMt5Defaults = {
    /*vocab_size=*/250112,
    /*num_layers=*/8,
    /*num_heads=*/6,
    /*intermediate_size=*/1024,
    /*feed_forward=*/"gated-gelu",
    /*decoder_start_token_id=*/0,
    /*scales_logits=*/false,
};

template <const T5Defaults& defaults>
absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  return ParseT5(config, defaults, model_class);
}

}  // namespace

extern const Family kT5 = {
    kT5Types,          kT5Classes, /*base_prefix=*/"transformer.",
    kT5Parameters,     kT5Heads,   kT5Buffers,
    Parse<kT5Defaults>};

extern const Family kMt5 = {
    kMt5Types,          kMt5Classes, /*base_prefix=*/"transformer.",
    kT5Parameters,      kT5Heads,    kT5Buffers,
    Parse<kMt5Defaults>};

}  // namespace transformerd
