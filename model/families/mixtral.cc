// Mixtral: Mistral with a choice of experts for each token (Jiang et al.,
// 2024).
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/decoder_config.h"
#include "model/families/family.h"
#include "model/families/llama_parameters.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"mixtral"};

constexpr ModelClass kClasses[] = {
    {"MixtralModel", HeadKind::kNone, /*pooler=*/false},
    {"MixtralForCausalLM", HeadKind::kCausalLm, /*pooler=*/false},
    {"MixtralForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false},
    {"MixtralForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"MixtralForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embed_tokens",                              "embeddings.token"},
    {"layers.{}.self_attn.q_proj",                "layers.{}.attention.query"},
    {"layers.{}.self_attn.k_proj",                "layers.{}.attention.key"},
    {"layers.{}.self_attn.v_proj",                "layers.{}.attention.value"},
    {"layers.{}.self_attn.o_proj",                "layers.{}.attention.output"},
    {"layers.{}.input_layernorm",                 "layers.{}.attention_norm"},
    {"layers.{}.block_sparse_moe.gate",           "layers.{}.router"},
    {"layers.{}.block_sparse_moe.experts.{}.w1",  "layers.{}.experts.{}.gate"},
    {"layers.{}.block_sparse_moe.experts.{}.w3",  "layers.{}.experts.{}.up"},
    {"layers.{}.block_sparse_moe.experts.{}.w2",  "layers.{}.experts.{}.down"},
    {"layers.{}.post_attention_layernorm",        "layers.{}.mlp_norm"},
    {"norm",                                      "final_norm"},
};
// clang-format on

constexpr DecoderKeys Keys() {
  DecoderKeys keys;
  keys.num_key_value_heads.default_value = 8;
  keys.intermediate_size.default_value = 14336;
  keys.max_position_embeddings.default_value = 131072;
  keys.norm_eps = 1e-5;
  return keys;
}

constexpr double kTheta = 1e6;
// Bounds what a config can make of modules, far above any model in use.
constexpr int64_t kMaxExperts = 1024;
constexpr int64_t kMaxNetworks = 100000;

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  LlamaBlocks blocks;
  blocks.rotary->theta = kTheta;
  ASSIGN_OR_RETURN(Architecture out,
                   ParseLlamaDecoder(config, Keys(), blocks, model_class));
  ASSIGN_OR_RETURN(const int64_t window, ReadWindow(config, 0));
  SetWindow(window, out.stack);
  MlpRecipe& mlp = out.stack.block.mlp;
  const absl::string_view key =
      config.FirstOf({"num_local_experts", "num_experts"});
  ASSIGN_OR_RETURN(mlp.num_experts, config.Int(key, 8, 1, kMaxExperts));
  ASSIGN_OR_RETURN(mlp.experts_per_token,
                   config.Int("num_experts_per_tok", 2, 1, mlp.num_experts));
  const int64_t layers = out.stack.num_hidden_layers;
  if (layers * mlp.num_experts > kMaxNetworks) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat("config.json: ", key, "=", mlp.num_experts,
                                  " times num_hidden_layers=", layers,
                                  ", expected at most ", kMaxNetworks));
  }
  return out;
}

}  // namespace

extern const Family kMixtral = {kModelTypes,
                                kClasses,
                                /*base_prefix=*/"model.",
                                kBase,
                                kLlamaHeadsWithSpans,
                                kLlamaBuffers,
                                Parse};

}  // namespace transformerd
