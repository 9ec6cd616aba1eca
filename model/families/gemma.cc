// Gemma: LLaMA with scaled embeddings, weights of norms around zero and heads
// wider than the hidden size asks for (Gemma Team, 2024).
#include <string>

#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/gemma_config.h"
#include "model/families/llama_parameters.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"gemma"};

constexpr ModelClass kClasses[] = {
    {"GemmaModel", HeadKind::kNone, /*pooler=*/false},
    {"GemmaForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"GemmaForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"GemmaForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
};

constexpr DecoderKeys Keys() {
  DecoderKeys keys = GemmaKeys();
  keys.hidden_size.default_value = 3072;
  keys.num_hidden_layers.default_value = 28;
  keys.num_attention_heads.default_value = 16;
  keys.num_key_value_heads.default_value = 16;
  keys.intermediate_size.default_value = 24576;
  keys.activation_key = "hidden_act";
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  RETURN_IF_ERROR(RequireBool(config, "use_bidirectional_attention", false));
  LlamaBlocks blocks;
  blocks.has_attention_bias = true;
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), blocks, model_class));
  ScaleEmbeddings(out);
  // The first files say gelu and mean its approximation.
  ASSIGN_OR_RETURN(const std::string activation,
                   config.String("hidden_act", ""));
  if (activation == "gelu") {
    out.stack.block.mlp.activation = Activation::kGeluTanh;
  }
  return out;
}

}  // namespace

extern const Family kGemma = {kModelTypes,
                              kClasses,
                              /*base_prefix=*/"model.",
                              kLlamaParameters,
                              kLlamaHeads,
                              kLlamaBuffers,
                              Parse};

}  // namespace transformerd
