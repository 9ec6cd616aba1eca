// AllenNLP's TransformerStack: the blocks of a BERT alone, from hidden states
// to hidden states.
#include "model/base/status_macros.h"
#include "model/families/config_fields.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"TransformerStack", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {"encoder", "bert.encoder",
                                                  "roberta.encoder"};

constexpr ModuleRenaming kRenamings[] = {{"", "layer", "layers"}};

constexpr PartRenamings kParts[] = {
    {"layers.{}", kLayerRenamings},
    {"layers.{}.attention", kAttentionLayerRenamings},
    {"layers.{}.cross_attention", kAttentionLayerRenamings},
    {"layers.{}.output", kOutputRenamings},
};

constexpr BareModule kBare = {kRelevantModules, kRenamings, /*ignore=*/{},
                              /*allow_missing=*/{}, kParts};

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  TransformerStackRecipe recipe;
  ASSIGN_OR_RETURN(recipe.layer, ReadLayer(config));
  ASSIGN_OR_RETURN(recipe.num_hidden_layers,
                   config.Dimension({"num_hidden_layers", "n_layers"},
                                    &ConfigDefaults::num_hidden_layers,
                                    /*min=*/0, kMaxLayers));
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kTransformerStack = SeedFamily(kClasses, Parse, kBare);

}  // namespace transformerd
