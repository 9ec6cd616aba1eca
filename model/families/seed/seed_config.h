// The config of a module of AllenNLP's toolkit: its constructor's arguments
// under their own names, or the config.json of the model that it is a part of.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "model/config/architecture.h"
#include "model/config/config_reader.h"
#include "model/config/seed_recipe.h"
#include "model/families/family.h"

namespace transformerd {

// Far above any module in use, and low enough that the bytes of a parameter
// whose dimensions are all at their limit fit 63 bits.
inline constexpr int64_t kMaxDimension = int64_t{1} << 24;

// The defaults of a Hugging Face config class whose models hold such modules.
// 0, or a negative id: the class has no such value.
struct ConfigDefaults {
  absl::string_view model_type;
  int64_t hidden_size, num_hidden_layers, num_attention_heads;
  int64_t intermediate_size;
  int64_t vocab_size, max_position_embeddings, type_vocab_size, pad_token_id;
  int64_t embedding_size;
  // Positions are counted from behind the pad id.
  bool counts_from_pad;
  // A linear layer follows the joined heads.
  bool attention_output;
};

class SeedConfig {
 public:
  // `config` must outlive the object. CONFIG_INVALID for a model_type that is
  // no text.
  static absl::StatusOr<SeedConfig> Create(const ConfigReader& config);

  // The arguments of the constructor, and no part of another model.
  bool is_own() const { return is_own_; }
  const ConfigReader& config() const { return *config_; }
  // Null where the model is none of a known type, or is_own().
  const ConfigDefaults* defaults() const { return defaults_; }

  // A dimension in [min, max]: by the constructor's name for it, which is
  // first, or by what config classes call it. Where it is absent it is the
  // class's default, if there is one (null: there is none), or it is refused.
  absl::StatusOr<int64_t> Dimension(
      std::initializer_list<absl::string_view> names,
      int64_t ConfigDefaults::*class_default, int64_t min = 1,
      int64_t max = kMaxDimension) const;

  // A dimension of the constructor that has a default.
  absl::StatusOr<int64_t> Dimension(absl::string_view name,
                                    int64_t default_value, int64_t min,
                                    int64_t max = kMaxDimension) const;

  // "relu" where the constructor is given none, and "gelu" for a model.
  absl::StatusOr<Activation> ReadActivation() const;

 private:
  SeedConfig(const ConfigReader& config, bool is_own,
             const ConfigDefaults* defaults)
      : config_(&config), is_own_(is_own), defaults_(defaults) {}

  const ConfigReader* config_;
  bool is_own_;
  const ConfigDefaults* defaults_;
};

// hidden_size and num_attention_heads, with heads of their quotient.
absl::StatusOr<SeedAttentionRecipe> ReadAttention(const SeedConfig& config);

// The same with the layer around it.
absl::StatusOr<TransformerLayerRecipe> ReadLayer(const SeedConfig& config);

// The embeddings of text, by a constructor's arguments or a model's config.
absl::StatusOr<TransformerEmbeddingsRecipe> ReadTextEmbeddings(
    const SeedConfig& config);

absl::StatusOr<ImageFeatureEmbeddingsRecipe> ReadImageEmbeddings(
    const SeedConfig& config);

// Longest row that the embeddings have positions for, where that is less than
// `otherwise`; CONFIG_INVALID where it is none.
absl::StatusOr<int64_t> MaxTokens(const TransformerEmbeddingsRecipe& recipe,
                                  int64_t otherwise);

// CONFIG_INVALID where the heads do not divide the width; the names are those
// of the message.
absl::StatusOr<int64_t> HeadSize(absl::string_view size_name, int64_t size,
                                 absl::string_view heads_name, int64_t heads);

// The architecture of the module.
Architecture SeedArchitecture(const SeedConfig& config,
                              const ModelClass& model_class, SeedRecipe recipe);

}  // namespace transformerd
