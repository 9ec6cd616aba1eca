// AllenNLP's TransformerLayer and AttentionLayer: one block of a BERT, and the
// attention of one with its residual connection and norm.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kLayerClasses[] = {
    {"TransformerLayer", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kLayerModules[] = {"encoder.layer.0"};

constexpr PartRenamings kLayerParts[] = {
    {"", kLayerRenamings},
    {"attention", kAttentionLayerRenamings},
    {"cross_attention", kAttentionLayerRenamings},
    {"output", kOutputRenamings},
};

constexpr BareModule kLayerBare = {kLayerModules, /*renamings=*/{},
                                   /*ignore=*/{}, /*allow_missing=*/{},
                                   kLayerParts};

constexpr ModelClass kAttentionClasses[] = {
    {"AttentionLayer", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kAttentionModules[] = {"encoder.layer.0.attention"};

constexpr BareModule kAttentionBare = {kAttentionModules,
                                       kAttentionLayerRenamings,
                                       /*ignore=*/{}, /*allow_missing=*/{}};

absl::StatusOr<Architecture> ParseLayer(const ConfigReader& reader,
                                        const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const TransformerLayerRecipe recipe, ReadLayer(config));
  return SeedArchitecture(config, model_class, recipe);
}

absl::StatusOr<Architecture> ParseAttention(const ConfigReader& reader,
                                            const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  AttentionLayerRecipe recipe;
  ASSIGN_OR_RETURN(recipe.attention, ReadAttention(config));
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kTransformerLayer =
    SeedFamily(kLayerClasses, ParseLayer, kLayerBare);

extern const Family kAttentionLayer =
    SeedFamily(kAttentionClasses, ParseAttention, kAttentionBare);

}  // namespace transformerd
