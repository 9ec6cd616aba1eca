// Gemma 3's text model: Gemma 2 with norms of queries and keys in place of
// caps, most layers with a window and a rotary base of their own (Gemma Team,
// 2025).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/gemma_config.h"
#include "model/families/llama_parameters.h"
#include "model/families/rotary_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"gemma3_text"};

constexpr ModelClass kClasses[] = {
    {"Gemma3TextModel", HeadKind::kNone, /*pooler=*/false},
    {"Gemma3ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Gemma3TextForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                         "embeddings.token"},
    {"layers.{}.self_attn.q_proj",           "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",           "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",           "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",           "layers.{}.attention.output"},
    {"layers.{}.self_attn.q_norm",           "layers.{}.attention.query_norm"},
    {"layers.{}.self_attn.k_norm",           "layers.{}.attention.key_norm"},
    {"layers.{}.input_layernorm",            "layers.{}.attention_norm"},
    {"layers.{}.post_attention_layernorm",   "layers.{}.attention_output_norm"},
    {"layers.{}.pre_feedforward_layernorm",  "layers.{}.mlp_norm"},
    {"layers.{}.mlp.gate_proj",              "layers.{}.mlp.gate"},
    {"layers.{}.mlp.up_proj",                "layers.{}.mlp.up"},
    {"layers.{}.mlp.down_proj",              "layers.{}.mlp.down"},
    {"layers.{}.post_feedforward_layernorm", "layers.{}.mlp_output_norm"},
    {"norm",                                 "final_norm"},
};

constexpr ParameterRule kHeads[] = {
    {"lm_head", "head.decoder"},
    {"score",   "head.sequence_classifier"},
};
// clang-format on

constexpr DecoderKeys Keys() {
  DecoderKeys keys = GemmaKeys();
  keys.vocab_size.default_value = 262208;
  keys.max_position_embeddings.default_value = 131072;
  return keys;
}

// Each kind of layers has parameters of its own. Older files have one set, of
// the layers that see all, and the base of the others.
absl::Status SetRotaries(const ConfigReader& config, Architecture& out) {
  RotarySource source;
  source.head_size = out.stack.head_size;
  source.max_position = out.max_sequence_length;
  source.theta = 1e6;
  ASSIGN_OR_RETURN(const ConfigReader global,
                   config.Has("rope_scaling")
                       ? config.Object("rope_scaling")
                       : RotaryParametersOf(config, kFullAttention));
  ASSIGN_OR_RETURN(out.stack.variants[0].rotary,
                   ReadRotary(config, global, source));
  source.theta_key = "rope_local_base_freq";
  source.theta = 1e4;
  ASSIGN_OR_RETURN(const ConfigReader local,
                   RotaryParametersOf(config, kSlidingAttention));
  ASSIGN_OR_RETURN(out.stack.variants[1].rotary,
                   ReadRotary(config, local, source));
  return absl::OkStatus();
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  LlamaBlocks blocks;
  blocks.has_attention_bias = true;
  blocks.rotary.reset();
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), blocks, model_class));
  RETURN_IF_ERROR(SetSandwichBlocks(config, out));
  AttentionRecipe& attention = out.stack.block.attention;
  attention.head_norm = out.stack.block.norm;
  // transformers reads attn_logit_softcapping and never applies it.
  ASSIGN_OR_RETURN(const double softcap,
                   ReadSoftCap(config, "final_logit_softcapping", 0));
  if (model_class.head == HeadKind::kCausalLm) out.head.softcap = softcap;
  ASSIGN_OR_RETURN(int64_t window, ReadWindow(config, 4096));
  ASSIGN_OR_RETURN(const bool sees_ahead,
                   config.Bool("use_bidirectional_attention", false));
  if (sees_ahead && window > 0) window = window / 2 + 1;
  ASSIGN_OR_RETURN(const int64_t pattern,
                   config.Int("sliding_window_pattern", 6, 1, kMaxLayers));
  RETURN_IF_ERROR(SetSlidingLayers(
      config, window, [&](int64_t layer) { return (layer + 1) % pattern != 0; },
      out.stack));
  if (sees_ahead) {
    attention.causal = false;
    out.stack.variants[1].span.after = out.stack.variants[1].span.before;
  }
  RETURN_IF_ERROR(SetRotaries(config, out));
  return out;
}

}  // namespace

extern const Family kGemma3Text = {
    kModelTypes,   kClasses, /*base_prefix=*/"model.", kBase, kHeads,
    kLlamaBuffers, Parse};

}  // namespace transformerd
