#include "model/families/seed/seed_config.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/config_fields.h"

namespace transformerd {
namespace {

// Rows have no table of positions to end at; this bounds a request's work.
constexpr int64_t kMaxSequenceLength = int64_t{1} << 20;

// clang-format off
constexpr ConfigDefaults kDefaults[] = {
    {"bert",         768, 12, 12,  3072,  30522, 512,  2,  0,   0, false, false},
    {"roberta",      768, 12, 12,  3072,  50265, 512,  2,  1,   0, true, false},
    {"xlm-roberta",  768, 12, 12,  3072,  30522, 512,  2,  1,   0, false, false},
    {"camembert",    768, 12, 12,  3072,  30522, 512,  2,  1,   0, false, false},
    {"electra",      256, 12,  4,  1024,  30522, 512,  2,  0, 128, false, false},
    {"albert",      4096, 12, 64, 16384,  30000, 512,  2,  0, 128, false, false},
    {"distilbert",   768,  6, 12,  3072,  30522, 512,  0,  0,   0, false, true},
};
// clang-format on

const ConfigDefaults* FindDefaults(absl::string_view model_type) {
  for (const ConfigDefaults& defaults : kDefaults) {
    if (defaults.model_type == model_type) return &defaults;
  }
  return nullptr;
}

// The ids of padding, and the tables that may be left out.
absl::Status ReadTables(const SeedConfig& config,
                        TransformerEmbeddingsRecipe& recipe) {
  constexpr char kPad[] = "pad_token_id";
  constexpr char kPositionPad[] = "position_pad_token_id";
  const ConfigReader& reader = config.config();
  const ConfigDefaults* defaults = config.defaults();
  const auto default_of = [&](int64_t ConfigDefaults::*field, int64_t own) {
    return defaults == nullptr ? own : defaults->*field;
  };
  ASSIGN_OR_RETURN(
      recipe.pad_token_id,
      reader.Int(kPad, default_of(&ConfigDefaults::pad_token_id, 0), 0,
                 recipe.vocab_size - 1));
  ASSIGN_OR_RETURN(
      recipe.max_position_embeddings,
      config.Dimension(
          "max_position_embeddings",
          default_of(&ConfigDefaults::max_position_embeddings, 512), 0));
  ASSIGN_OR_RETURN(
      recipe.type_vocab_size,
      config.Dimension("type_vocab_size",
                       default_of(&ConfigDefaults::type_vocab_size, 2), 0));
  if (reader.Has(kPositionPad)) {
    ASSIGN_OR_RETURN(recipe.position_pad_token_id,
                     config.Dimension(kPositionPad, 0, 0));
  } else if (defaults != nullptr && defaults->counts_from_pad) {
    recipe.position_pad_token_id = recipe.pad_token_id;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SeedConfig> SeedConfig::Create(const ConfigReader& config) {
  ASSIGN_OR_RETURN(const std::string model_type,
                   config.String("model_type", ""));
  return SeedConfig(config, model_type.empty(), FindDefaults(model_type));
}

absl::StatusOr<int64_t> SeedConfig::Dimension(
    std::initializer_list<absl::string_view> names,
    int64_t ConfigDefaults::*class_default, int64_t min, int64_t max) const {
  const absl::string_view name = config_->FirstOf(names);
  const bool has_default = defaults_ != nullptr && class_default != nullptr;
  const int64_t value = has_default ? defaults_->*class_default : -1;
  if (value < min) return config_->RequiredInt(name, min, max);
  return config_->Int(name, value, min, max);
}

absl::StatusOr<int64_t> SeedConfig::Dimension(absl::string_view name,
                                              int64_t default_value,
                                              int64_t min, int64_t max) const {
  return config_->Int(name, default_value, min, max);
}

absl::StatusOr<Activation> SeedConfig::ReadActivation() const {
  const absl::string_view key = config_->FirstOf({"activation", "hidden_act"});
  return transformerd::ReadActivation(*config_, key, is_own_ ? "relu" : "gelu");
}

absl::StatusOr<int64_t> HeadSize(absl::string_view size_name, int64_t size,
                                 absl::string_view heads_name, int64_t heads) {
  RETURN_IF_ERROR(CheckDivides(heads_name, heads, size_name, size));
  return size / heads;
}

absl::StatusOr<SeedAttentionRecipe> ReadAttention(const SeedConfig& config) {
  SeedAttentionRecipe recipe;
  ASSIGN_OR_RETURN(
      recipe.hidden_size,
      config.Dimension({"hidden_size", "dim"}, &ConfigDefaults::hidden_size));
  ASSIGN_OR_RETURN(recipe.num_attention_heads,
                   config.Dimension({"num_attention_heads", "n_heads"},
                                    &ConfigDefaults::num_attention_heads));
  ASSIGN_OR_RETURN(recipe.head_size,
                   HeadSize("hidden_size", recipe.hidden_size,
                            "num_attention_heads", recipe.num_attention_heads));
  return recipe;
}

absl::StatusOr<TransformerLayerRecipe> ReadLayer(const SeedConfig& config) {
  TransformerLayerRecipe recipe;
  ASSIGN_OR_RETURN(recipe.attention, ReadAttention(config));
  ASSIGN_OR_RETURN(recipe.intermediate_size,
                   config.Dimension({"intermediate_size", "hidden_dim"},
                                    &ConfigDefaults::intermediate_size));
  ASSIGN_OR_RETURN(recipe.activation, config.ReadActivation());
  ASSIGN_OR_RETURN(recipe.cross_attention,
                   config.config().Bool("add_cross_attention", false));
  return recipe;
}

absl::StatusOr<TransformerEmbeddingsRecipe> ReadTextEmbeddings(
    const SeedConfig& config) {
  const ConfigReader& reader = config.config();
  TransformerEmbeddingsRecipe recipe;
  ASSIGN_OR_RETURN(
      recipe.vocab_size,
      config.Dimension({"vocab_size"}, &ConfigDefaults::vocab_size));
  const bool is_projected =
      reader.Has("embedding_size") ||
      (config.defaults() != nullptr && config.defaults()->embedding_size > 0);
  if (config.is_own() || is_projected) {
    ASSIGN_OR_RETURN(
        recipe.embedding_size,
        config.Dimension({"embedding_size"}, &ConfigDefaults::embedding_size));
  } else {
    ASSIGN_OR_RETURN(
        recipe.embedding_size,
        config.Dimension({"hidden_size", "dim"}, &ConfigDefaults::hidden_size));
  }
  if (config.is_own() || reader.Has("output_size")) {
    ASSIGN_OR_RETURN(recipe.output_size, config.Dimension("output_size", 0, 0));
  } else if (is_projected) {
    ASSIGN_OR_RETURN(
        recipe.output_size,
        config.Dimension({"hidden_size"}, &ConfigDefaults::hidden_size));
  }
  RETURN_IF_ERROR(ReadTables(config, recipe));
  ASSIGN_OR_RETURN(recipe.layer_norm_eps,
                   reader.Double("layer_norm_eps", 1e-12, 0.0, 1.0));
  return recipe;
}

absl::StatusOr<ImageFeatureEmbeddingsRecipe> ReadImageEmbeddings(
    const SeedConfig& config) {
  ImageFeatureEmbeddingsRecipe recipe;
  ASSIGN_OR_RETURN(recipe.feature_size,
                   config.Dimension({"feature_size"}, nullptr));
  ASSIGN_OR_RETURN(recipe.embedding_size,
                   config.Dimension({"embedding_size"}, nullptr));
  return recipe;
}

absl::StatusOr<int64_t> MaxTokens(const TransformerEmbeddingsRecipe& recipe,
                                  int64_t otherwise) {
  if (recipe.max_position_embeddings == 0) return otherwise;
  // The first position may be that behind an id.
  const int64_t before =
      recipe.position_pad_token_id ? *recipe.position_pad_token_id + 1 : 0;
  if (before < recipe.max_position_embeddings) {
    return recipe.max_position_embeddings - before;
  }
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat("config.json: max_position_embeddings=",
                   recipe.max_position_embeddings,
                   ", expected more than the first position, ", before));
}

Architecture SeedArchitecture(const SeedConfig& config,
                              const ModelClass& model_class,
                              SeedRecipe recipe) {
  Architecture out;
  out.class_name = std::string(model_class.name);
  out.is_bare = true;
  out.is_own_checkpoint = config.is_own();
  out.max_sequence_length = kMaxSequenceLength;
  out.seed = std::move(recipe);
  return out;
}

}  // namespace transformerd
