// LLaMA: pre-norm blocks with rotary positions, gated networks and heads that
// share keys (Touvron et al., 2023).
#include "absl/strings/string_view.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"llama"};

constexpr ModelClass kClasses[] = {
    {"LlamaModel", HeadKind::kNone, /*pooler=*/false},
    {"LlamaForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"LlamaForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"LlamaForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"LlamaForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  LlamaBlocks blocks;
  blocks.has_attention_bias = true;
  blocks.has_mlp_bias = true;
  return ParseLlamaDecoder(config, DecoderKeys(), blocks, model_class);
}

}  // namespace

extern const Family kLlama = WithOtherPrefixes(
    {kModelTypes, kClasses, /*base_prefix=*/"model.", kLlamaParameters,
     kLlamaHeadsWithSpans, kLlamaBuffers, Parse},
    kLlamaOtherPrefixes);

}  // namespace transformerd
