// Phi-3: LLaMA with one tensor for queries, keys and values and one for both
// halves of the gated network (Abdin et al., 2024).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"phi3"};

constexpr ModelClass kClasses[] = {
    {"Phi3Model", HeadKind::kNone, /*pooler=*/false},
    {"Phi3ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Phi3ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"Phi3ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                        "embeddings.token"},
    {"layers.{}.self_attn.qkv_proj",        "layers.{}.attention.qkv"},
    {"layers.{}.self_attn.o_proj",          "layers.{}.attention.output"},
    {"layers.{}.input_layernorm",           "layers.{}.attention_norm"},
    {"layers.{}.mlp.gate_up_proj",          "layers.{}.mlp.gate_up"},
    {"layers.{}.mlp.down_proj",             "layers.{}.mlp.down"},
    {"layers.{}.post_attention_layernorm",  "layers.{}.mlp_norm"},
    {"norm",                                "final_norm"},
};
// clang-format on

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 32064;
  keys.hidden_size.default_value = 3072;
  keys.intermediate_size.default_value = 8192;
  keys.max_position_embeddings.default_value = 4096;
  keys.pad_token_id.default_value = 32000;
  keys.norm_eps = 1e-5;
  return keys;
}

constexpr int64_t kOriginalMaxPosition = 4096;

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  LlamaBlocks blocks;
  blocks.rotary->is_partial = true;
  blocks.rotary->original_max_position = kOriginalMaxPosition;
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), blocks, model_class));
  out.stack.block.attention.layout = QkvLayout::kConcatenated;
  out.stack.block.mlp.kind = MlpKind::kGatedFused;
  ASSIGN_OR_RETURN(const int64_t window, ReadWindow(config, 0));
  SetWindow(window, out.stack);
  return out;
}

}  // namespace

extern const Family kPhi3 = {kModelTypes, kClasses,    /*base_prefix=*/"model.",
                             kBase,       kLlamaHeads, kLlamaBuffers,
                             Parse};

}  // namespace transformerd
