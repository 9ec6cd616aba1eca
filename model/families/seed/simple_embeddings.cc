// AllenNLP's ImageFeatureEmbeddings, of regions of an image and their boxes,
// and SinusoidalPositionalEncoding, which has no parameters.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kImageClasses[] = {
    {"ImageFeatureEmbeddings", HeadKind::kNone, /*pooler=*/false},
};

constexpr ModelClass kSinusoidalClasses[] = {
    {"SinusoidalPositionalEncoding", HeadKind::kNone, /*pooler=*/false},
};

constexpr PartRenamings kImageParts[] = {{"layer_norm", kNormRenamings}};

constexpr BareModule kImageBare = {/*relevant_modules=*/{}, /*renamings=*/{},
                                   /*ignore=*/{}, /*allow_missing=*/{},
                                   kImageParts};

constexpr BareModule kSinusoidalBare = {};

absl::StatusOr<Architecture> ParseImage(const ConfigReader& reader,
                                        const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const ImageFeatureEmbeddingsRecipe recipe,
                   ReadImageEmbeddings(config));
  return SeedArchitecture(config, model_class, recipe);
}

absl::StatusOr<Architecture> ParseSinusoidal(const ConfigReader& reader,
                                             const ModelClass& model_class) {
  constexpr double kMax = 1e30;
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  SinusoidalPositionalEncodingRecipe recipe;
  ASSIGN_OR_RETURN(recipe.min_timescale,
                   reader.Double("min_timescale", 1.0, 1e-30, kMax));
  ASSIGN_OR_RETURN(recipe.max_timescale,
                   reader.Double("max_timescale", 1e4, 1e-30, kMax));
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kImageFeatureEmbeddings =
    SeedFamily(kImageClasses, ParseImage, kImageBare);

extern const Family kSinusoidalPositionalEncoding =
    SeedFamily(kSinusoidalClasses, ParseSinusoidal, kSinusoidalBare);

}  // namespace transformerd
