// Qwen2: LLaMA with biases of queries, keys and values, and a window in its
// upper layers (Yang et al., 2024).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"
#include "model/families/qwen_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"qwen2"};

constexpr ModelClass kClasses[] = {
    {"Qwen2Model", HeadKind::kNone, /*pooler=*/false},
    {"Qwen2ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Qwen2ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"Qwen2ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"Qwen2ForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(
      Architecture out,
      ParseLlamaDecoder(config, QwenKeys(/*head_size=*/0), {}, model_class));
  out.stack.block.attention.qkv_bias = true;
  RETURN_IF_ERROR(SetQwenWindows(config, out.stack));
  return out;
}

}  // namespace

extern const Family kQwen2 = WithOtherPrefixes(
    {kModelTypes, kClasses, /*base_prefix=*/"model.", kLlamaParameters,
     kLlamaHeadsWithSpans, kLlamaBuffers, Parse},
    kLlamaOtherPrefixes);

}  // namespace transformerd
