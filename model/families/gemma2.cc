// Gemma 2: Gemma with capped scores and logits, norms on both sides and a
// window in every other layer (Gemma Team, 2024).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/gemma_config.h"
#include "model/families/llama_parameters.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"gemma2"};

constexpr ModelClass kClasses[] = {
    {"Gemma2Model", HeadKind::kNone, /*pooler=*/false},
    {"Gemma2ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Gemma2ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"Gemma2ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                         "embeddings.token"},
    {"layers.{}.self_attn.q_proj",           "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",           "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",           "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",           "layers.{}.attention.output"},
    {"layers.{}.input_layernorm",            "layers.{}.attention_norm"},
    {"layers.{}.post_attention_layernorm",   "layers.{}.attention_output_norm"},
    {"layers.{}.pre_feedforward_layernorm",  "layers.{}.mlp_norm"},
    {"layers.{}.mlp.gate_proj",              "layers.{}.mlp.gate"},
    {"layers.{}.mlp.up_proj",                "layers.{}.mlp.up"},
    {"layers.{}.mlp.down_proj",              "layers.{}.mlp.down"},
    {"layers.{}.post_feedforward_layernorm", "layers.{}.mlp_output_norm"},
    {"norm",                                 "final_norm"},
};
// clang-format on

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  RETURN_IF_ERROR(RequireBool(config, "use_bidirectional_attention", false));
  LlamaBlocks blocks;
  blocks.has_attention_bias = true;
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, GemmaKeys(), blocks, model_class));
  RETURN_IF_ERROR(SetSandwichBlocks(config, out));
  ASSIGN_OR_RETURN(out.stack.block.attention.softcap,
                   ReadSoftCap(config, "attn_logit_softcapping", 50));
  ASSIGN_OR_RETURN(const double softcap,
                   ReadSoftCap(config, "final_logit_softcapping", 30));
  if (model_class.head == HeadKind::kCausalLm) out.head.softcap = softcap;
  ASSIGN_OR_RETURN(const int64_t window, ReadWindow(config, 4096));
  RETURN_IF_ERROR(SetSlidingLayers(
      config, window, [](int64_t layer) { return layer % 2 == 0; }, out.stack));
  return out;
}

}  // namespace

extern const Family kGemma2 = {
    kModelTypes,   kClasses, /*base_prefix=*/"model.", kBase, kLlamaHeads,
    kLlamaBuffers, Parse};

}  // namespace transformerd
