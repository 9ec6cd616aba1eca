#include "model/families/seed/vilbert_config.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"
#include "model/base/quoted.h"
#include "model/base/status_macros.h"
#include "model/families/seed/bimodal_config.h"

namespace transformerd {
namespace {

// Arguments beside a text model's config.
constexpr StreamKeys kTextKeys = {"num_hidden_layers",   "hidden_size",
                                  "num_attention_heads", "intermediate_size",
                                  "text_biattention_id", "text_fixed_layer"};
constexpr StreamKeys kImageKeys = {
    "image_num_hidden_layers",   "image_hidden_size",
    "image_num_attention_heads", "image_intermediate_size",
    "image_biattention_id",      "image_fixed_layer"};

absl::StatusOr<Fusion> ReadFusion(const ConfigReader& config) {
  constexpr char kKey[] = "fusion_method";
  ASSIGN_OR_RETURN(const std::string name, config.String(kKey, "sum"));
  if (name == "sum") return Fusion::kSum;
  if (name == "mul") return Fusion::kProduct;
  return LoadError(Reason::kConfigInvalid,
                   absl::StrCat("config.json: ", kKey, "=", Quoted(name),
                                ", expected \"sum\" or \"mul\""));
}

// The parts as objects of their own arguments.
absl::Status ReadParts(const ConfigReader& reader,
                       VilbertBackboneRecipe& recipe) {
  ASSIGN_OR_RETURN(const ConfigReader text, reader.Object("text_embeddings"));
  ASSIGN_OR_RETURN(const SeedConfig text_config, SeedConfig::Create(text));
  ASSIGN_OR_RETURN(recipe.text_embeddings, ReadTextEmbeddings(text_config));
  ASSIGN_OR_RETURN(const ConfigReader image, reader.Object("image_embeddings"));
  ASSIGN_OR_RETURN(const SeedConfig image_config, SeedConfig::Create(image));
  ASSIGN_OR_RETURN(recipe.image_embeddings, ReadImageEmbeddings(image_config));
  ASSIGN_OR_RETURN(const ConfigReader encoder, reader.Object("encoder"));
  ASSIGN_OR_RETURN(const SeedConfig encoder_config,
                   SeedConfig::Create(encoder));
  ASSIGN_OR_RETURN(recipe.encoder, ReadBiModalEncoder(encoder_config));
  return absl::OkStatus();
}

absl::Status ReadBesideModel(const SeedConfig& config,
                             VilbertBackboneRecipe& recipe) {
  ASSIGN_OR_RETURN(recipe.text_embeddings, ReadTextEmbeddings(config));
  ASSIGN_OR_RETURN(recipe.encoder,
                   ReadBiModalEncoder(config, kTextKeys, kImageKeys));
  ASSIGN_OR_RETURN(recipe.image_embeddings.feature_size,
                   config.Dimension({"image_feature_dim"}, nullptr));
  recipe.image_embeddings.embedding_size =
      recipe.encoder.connection.hidden_size2;
  return absl::OkStatus();
}

absl::Status CheckWidth(absl::string_view what, int64_t width,
                        absl::string_view stream, int64_t expected) {
  if (width == expected) return absl::OkStatus();
  return LoadError(
      Reason::kConfigInvalid,
      absl::StrCat("config.json: ", what, " gives vectors of ", width,
                   ", expected the encoder's ", stream, "=", expected));
}

}  // namespace

absl::StatusOr<VilbertBackboneRecipe> ReadVilbertBackbone(
    const SeedConfig& config) {
  VilbertBackboneRecipe recipe;
  RETURN_IF_ERROR(config.is_own() ? ReadParts(config.config(), recipe)
                                  : ReadBesideModel(config, recipe));
  const TransformerEmbeddingsRecipe& text = recipe.text_embeddings;
  const BiModalAttentionRecipe& streams = recipe.encoder.connection;
  RETURN_IF_ERROR(
      CheckWidth("text_embeddings",
                 text.output_size > 0 ? text.output_size : text.embedding_size,
                 "hidden_size1", streams.hidden_size1));
  RETURN_IF_ERROR(CheckWidth("image_embeddings",
                             recipe.image_embeddings.embedding_size,
                             "hidden_size2", streams.hidden_size2));
  if (recipe.encoder.fast_mode || recipe.encoder.in_batch_pairs) {
    return LoadError(
        Reason::kUnsupported,
        "config.json: fast_mode and in_batch_pairs pair texts with "
        "other images than their own, expected false in a "
        "VilbertBackbone");
  }
  ASSIGN_OR_RETURN(recipe.pooled_output_dim,
                   config.Dimension({"pooled_output_dim"}, nullptr));
  ASSIGN_OR_RETURN(recipe.fusion, ReadFusion(config.config()));
  return recipe;
}

}  // namespace transformerd
