// Qwen3: Qwen2 with norms of each head's queries and keys in place of biases
// (Yang et al., 2025).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"
#include "model/families/qwen_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"qwen3"};

constexpr ModelClass kClasses[] = {
    {"Qwen3Model", HeadKind::kNone, /*pooler=*/false},
    {"Qwen3ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Qwen3ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"Qwen3ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"Qwen3ForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                        "embeddings.token"},
    {"layers.{}.self_attn.q_proj",          "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",          "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",          "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",          "layers.{}.attention.output"},
    {"layers.{}.self_attn.q_norm",          "layers.{}.attention.query_norm"},
    {"layers.{}.self_attn.k_norm",          "layers.{}.attention.key_norm"},
    {"layers.{}.input_layernorm",           "layers.{}.attention_norm"},
    {"layers.{}.mlp.gate_proj",             "layers.{}.mlp.gate"},
    {"layers.{}.mlp.up_proj",               "layers.{}.mlp.up"},
    {"layers.{}.mlp.down_proj",             "layers.{}.mlp.down"},
    {"layers.{}.post_attention_layernorm",  "layers.{}.mlp_norm"},
    {"norm",                                "final_norm"},
};
// clang-format on

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  LlamaBlocks blocks;
  blocks.has_attention_bias = true;
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, QwenKeys(/*head_size=*/128),
                                     blocks, model_class));
  out.stack.block.attention.head_norm = out.stack.block.norm;
  RETURN_IF_ERROR(SetQwenWindows(config, out.stack));
  return out;
}

}  // namespace

extern const Family kQwen3 =
    WithOtherPrefixes({kModelTypes, kClasses, /*base_prefix=*/"model.", kBase,
                       kLlamaHeadsWithSpans, kLlamaBuffers, Parse},
                      kLlamaOtherPrefixes);

}  // namespace transformerd
