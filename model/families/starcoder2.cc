// StarCoder2: rotary blocks with layer norms and plain networks, biases
// everywhere, and few heads of keys (Lozhkov et al., 2024).
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"starcoder2"};

constexpr ModelClass kClasses[] = {
    {"Starcoder2Model", HeadKind::kNone, /*pooler=*/false},
    {"Starcoder2ForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"Starcoder2ForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"Starcoder2ForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                        "embeddings.token"},
    {"layers.{}.self_attn.q_proj",          "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",          "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",          "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",          "layers.{}.attention.output"},
    {"layers.{}.input_layernorm",           "layers.{}.attention_norm"},
    {"layers.{}.mlp.c_fc",                  "layers.{}.mlp.up"},
    {"layers.{}.mlp.c_proj",                "layers.{}.mlp.down"},
    {"layers.{}.post_attention_layernorm",  "layers.{}.mlp_norm"},
    {"norm",                                "final_norm"},
};
// clang-format on

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.vocab_size.default_value = 49152;
  keys.hidden_size.default_value = 3072;
  keys.num_hidden_layers.default_value = 30;
  keys.num_attention_heads.default_value = 24;
  keys.num_key_value_heads.default_value = 2;
  keys.intermediate_size.default_value = 12288;
  keys.max_position_embeddings.default_value = 4096;
  keys.activation = "gelu_pytorch_tanh";
  keys.norm = NormKind::kLayerNorm;
  keys.norm_eps_key = "norm_epsilon";
  keys.norm_eps = 1e-5;
  keys.tie_word_embeddings = true;
  return keys;
}

constexpr double kInitializerRange = 0.018042;

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), {}, model_class));
  BlockRecipe& block = out.stack.block;
  block.mlp.kind = MlpKind::kPlain;
  ASSIGN_OR_RETURN(block.mlp.bias, config.Bool("use_bias", true));
  block.attention.qkv_bias = block.mlp.bias;
  block.attention.output_bias = block.mlp.bias;
  if (!config.Has("initializer_range")) {
    out.initializer_range = kInitializerRange;
  }
  ASSIGN_OR_RETURN(const int64_t window, ReadWindow(config, 0));
  SetWindow(window, out.stack);
  return out;
}

}  // namespace

extern const Family kStarcoder2 = {kModelTypes,
                                   kClasses,
                                   /*base_prefix=*/"model.",
                                   kBase,
                                   kLlamaHeads,
                                   kLlamaBuffers,
                                   Parse};

}  // namespace transformerd
