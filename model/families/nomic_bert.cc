// NomicBERT (Nussbaum et al., 2024): BERT's post-norm encoder with rotated
// queries and keys, gated networks, and no biases but those of the norms.
#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"
#include "model/families/required_values.h"
#include "model/families/rotary_config.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"nomic_bert"};

constexpr ModelClass kClasses[] = {
    {"NomicBertModel", HeadKind::kNone, /*pooler=*/false},
    {"NomicBertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/true},
    {"NomicBertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"NomicBertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",       "embeddings.token"},
    {"embeddings.token_type_embeddings", "embeddings.token_type"},
    {"emb_ln",                           "embeddings.norm"},
    {"encoder.layers.{}.attn.Wqkv",      "layers.{}.attention.qkv"},
    {"encoder.layers.{}.attn.out_proj",  "layers.{}.attention.output"},
    {"encoder.layers.{}.norm1",          "layers.{}.attention_norm"},
    {"encoder.layers.{}.mlp.fc11",       "layers.{}.mlp.up"},
    {"encoder.layers.{}.mlp.fc12",       "layers.{}.mlp.gate"},
    {"encoder.layers.{}.mlp.fc2",        "layers.{}.mlp.down"},
    {"encoder.layers.{}.norm2",          "layers.{}.mlp_norm"},
    {"pooler.dense",                     "pooler.dense"},
};

constexpr ParameterRule kHeads[] = {
    {"classifier",                           "head.sequence_classifier"},
    {"classifier",                           "head.token_classifier"},
    {"cls.predictions.transform.dense",      "head.transform"},
    {"cls.predictions.transform.layer_norm", "head.transform_norm"},
    {"cls.predictions.decoder",              "head.decoder"},
    {"cls.predictions",                      "head.decoder"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {
    "rotary_emb.inv_freq", "encoder.layers.{}.attn.rotary_emb.inv_freq"};

// The files of the first release have GPT-2's names.
EncoderKeys KeysOf(const ConfigReader& config) {
  const auto either = [&](absl::string_view now, absl::string_view then) {
    return config.FirstOf({now, then});
  };
  EncoderKeys keys;
  keys.vocab_size.default_value = 30528;
  keys.hidden_size = {either("hidden_size", "n_embd"), 768};
  keys.num_hidden_layers = {either("num_hidden_layers", "n_layer"), 12};
  keys.num_attention_heads = {either("num_attention_heads", "n_head"), 12};
  keys.intermediate_size = {either("intermediate_size", "n_inner"), 3072};
  keys.max_position_embeddings = {
      either("max_position_embeddings", "n_positions"), 2048};
  keys.norm_eps_key = either("layer_norm_eps", "layer_norm_epsilon");
  keys.activation = "silu";
  keys.head_size = {"head_dim", 0};
  return keys;
}

// What the first release could be configured to, and no published model is.
absl::Status RefuseOptions(const ConfigReader& config) {
  for (absl::string_view key :
       {"causal", "mlp_fc1_bias", "mlp_fc2_bias", "parallel_block", "prenorm",
        "qkv_proj_bias", "rotary_emb_interleaved", "use_rms_norm"}) {
    RETURN_IF_ERROR(RequireBool(config, key, false));
  }
  RETURN_IF_ERROR(RequireAbsent(config, "rotary_scaling_factor"));
  return RequireDouble(config, "rotary_emb_fraction", 1);
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  RETURN_IF_ERROR(RefuseOptions(config));
  ASSIGN_OR_RETURN(Architecture out,
                   ParseEncoder(config, KeysOf(config), model_class));
  StackRecipe& stack = out.stack;
  stack.block.mlp.kind = MlpKind::kGated;
  stack.block.mlp.bias = false;
  ASSIGN_OR_RETURN(
      const bool is_geglu,
      ReadChoice(config, "activation_function", {"swiglu", "geglu"}));
  if (is_geglu) stack.block.mlp.activation = Activation::kGelu;
  stack.embedding.position_rows = 0;
  stack.block.attention.layout = QkvLayout::kConcatenated;
  stack.block.attention.qkv_bias = false;
  stack.block.attention.output_bias = false;
  RotarySource rotary;
  rotary.theta_key = config.FirstOf({"rope_theta", "rotary_emb_base"});
  rotary.theta = 1000;
  RETURN_IF_ERROR(SetRotary(config, rotary, out));
  return out;
}

}  // namespace

extern const Family kNomicBert = {
    kModelTypes, kClasses, /*base_prefix=*/"nomic_bert.", kBase, kHeads,
    kBuffers,    Parse};

}  // namespace transformerd
