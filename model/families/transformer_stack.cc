// AllenNLP's TransformerStack: the blocks of a BERT alone, from hidden states
// to hidden states, loaded from a part of a checkpoint or from one of its own.
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"allennlp"};

constexpr ModelClass kClasses[] = {
    {"TransformerStack", HeadKind::kNone, /*pooler=*/false},
};

// clang-format off
constexpr ParameterRule kParameters[] = {
    {"layers.{}.attention.self.query",        "layers.{}.attention.query"},
    {"layers.{}.attention.self.key",          "layers.{}.attention.key"},
    {"layers.{}.attention.self.value",        "layers.{}.attention.value"},
    {"layers.{}.attention.output.dense",      "layers.{}.attention.output"},
    {"layers.{}.attention.output.layer_norm", "layers.{}.attention_norm"},
    {"layers.{}.intermediate.dense",          "layers.{}.mlp.up"},
    {"layers.{}.output.dense",                "layers.{}.mlp.down"},
    {"layers.{}.output.layer_norm",           "layers.{}.mlp_norm"},
};

constexpr ModuleRenaming kRenamings[] = {
    {"",                                      "layer",               "layers"},
    {"layers.{}",                             "layer",               "layers"},
    {"layers.{}",                             "intermediate_act_fn", "act_fn"},
    {"layers.{}",                             "crossattention",      "cross_attention"},
    {"layers.{}.attention",                   "layer",               "layers"},
    {"layers.{}.attention.self",              "layer",               "layers"},
    {"layers.{}.attention.self",              "q_lin",               "query"},
    {"layers.{}.attention.self",              "k_lin",               "key"},
    {"layers.{}.attention.self",              "v_lin",               "value"},
    {"layers.{}.attention.self",              "out_lin",             "output"},
    {"layers.{}.attention.self",              "transformer",         "encoder"},
    {"layers.{}.attention.output",            "LayerNorm",           "layer_norm"},
    {"layers.{}.attention.output.layer_norm", "gamma",               "weight"},
    {"layers.{}.attention.output.layer_norm", "beta",                "bias"},
    {"layers.{}.output",                      "LayerNorm",           "layer_norm"},
    {"layers.{}.output.layer_norm",           "gamma",               "weight"},
    {"layers.{}.output.layer_norm",           "beta",                "bias"},
};
// clang-format on

constexpr absl::string_view kRelevantModules[] = {"encoder", "bert.encoder",
                                                  "roberta.encoder"};

constexpr BareModule kBare = {kRelevantModules, kRenamings, /*ignore=*/{},
                              /*allow_missing=*/{}};

// `activation` is what a config calls it.
constexpr EncoderKeys KeysWith(absl::string_view activation) {
  return {
      /*vocab_size=*/{"vocab_size", 1},
      /*hidden_size=*/{"hidden_size", 768},
      /*num_hidden_layers=*/{"num_hidden_layers", 12},
      /*num_attention_heads=*/{"num_attention_heads", 12},
      /*intermediate_size=*/{"intermediate_size", 3072},
      /*max_position_embeddings=*/{"max_position_embeddings", 1},
      /*type_vocab_size=*/{"", 0},
      /*pad_token_id=*/{"pad_token_id", 0},
      activation,
      /*norm_eps=*/"",  // 1e-12, whatever layer_norm_eps says
  };
}

// Rows have no table of positions to end at; this bounds a request's work.
constexpr int64_t kMaxSequenceLength = int64_t{1} << 20;

absl::Status RefuseCrossAttention(const ConfigReader& config) {
  ASSIGN_OR_RETURN(const bool is_cross,
                   config.Bool("add_cross_attention", false));
  if (!is_cross) return absl::OkStatus();
  return LoadError(Reason::kUnsupported,
                   "config.json: add_cross_attention=true, expected false: "
                   "stacks with cross attention are not served");
}

// Takes Hugging Face's config.json, or the arguments of AllenNLP's constructor
// under their own names.
absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  RETURN_IF_ERROR(RefuseCrossAttention(config));
  const bool is_own = !config.Has("model_type");
  ASSIGN_OR_RETURN(
      Architecture out,
      ParseEncoder(config, KeysWith(is_own ? "activation" : "hidden_act"),
                   model_class));
  if (is_own && !config.Has("activation")) {
    out.stack.block.mlp.activation = Activation::kRelu;
  }
  out.input = ModelInput::kHiddenStates;
  out.is_bare = true;
  out.vocab_size = 0;
  out.stack.embedding = {};
  out.max_sequence_length = kMaxSequenceLength;
  return out;
}

}  // namespace

extern const Family kTransformerStack = {
    kModelTypes,
    kClasses,
    /*base_prefix=*/"",
    kParameters,
    /*head_parameters=*/{},
    /*buffers=*/{},
    Parse,
    &kBare,
};

}  // namespace transformerd
