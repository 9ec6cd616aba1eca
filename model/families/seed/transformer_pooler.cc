// AllenNLP's TransformerPooler: a dense layer and its activation on token 0.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"TransformerPooler", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {"pooler", "bert.pooler",
                                                  "roberta.pooler"};

constexpr BareModule kBare = {kRelevantModules};

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  TransformerPoolerRecipe recipe;
  ASSIGN_OR_RETURN(
      recipe.hidden_size,
      config.Dimension({"hidden_size", "dim"}, &ConfigDefaults::hidden_size));
  if (!config.is_own()) {
    // Whatever the config says.
    recipe.intermediate_size = recipe.hidden_size;
    recipe.activation = Activation::kTanh;
  } else {
    ASSIGN_OR_RETURN(recipe.intermediate_size,
                     config.Dimension({"intermediate_size"},
                                      &ConfigDefaults::intermediate_size));
    ASSIGN_OR_RETURN(recipe.activation, config.ReadActivation());
  }
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kTransformerPooler = SeedFamily(kClasses, Parse, kBare);

}  // namespace transformerd
