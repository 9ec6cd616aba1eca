// Mistral: LLaMA with a window of attention (Jiang et al., 2023).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"mistral"};

constexpr ModelClass kClasses[] = {
    {"MistralModel", HeadKind::kNone, /*pooler=*/false},
    {"MistralForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"MistralForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"MistralForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"MistralForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.num_key_value_heads.default_value = 8;
  keys.intermediate_size.default_value = 14336;
  keys.max_position_embeddings.default_value = 131072;
  return keys;
}

constexpr int64_t kWindow = 4096;

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), {}, model_class));
  ASSIGN_OR_RETURN(const int64_t window, ReadWindow(config, kWindow));
  SetWindow(window, out.stack);
  return out;
}

}  // namespace

extern const Family kMistral = {kModelTypes,
                                kClasses,
                                /*base_prefix=*/"model.",
                                kLlamaParameters,
                                kLlamaHeadsWithSpans,
                                kLlamaBuffers,
                                Parse};

}  // namespace transformerd
