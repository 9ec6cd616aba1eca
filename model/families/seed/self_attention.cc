// AllenNLP's SelfAttention: the heads of a BERT, an ELECTRA or a DistilBERT,
// without residual connection and norm.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/required_values.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"SelfAttention", HeadKind::kNone, /*pooler=*/false},
};

// Hugging Face's files say "layer": none of them ever matches, as in the
// original, and callers have to name the module.
constexpr absl::string_view kRelevantModules[] = {
    "encoder.layers.0.attention.self", "encoder.layers.0.attention"};

constexpr BareModule kBare = {kRelevantModules, kSelfAttentionRenamings,
                              /*ignore=*/{}, /*allow_missing=*/{}};

// Models show it by what their config calls the heads.
absl::StatusOr<bool> HasOutput(const SeedConfig& config) {
  const bool is_known =
      config.defaults() != nullptr && config.defaults()->attention_output;
  return config.config().Bool("output_linear",
                              is_known || config.config().Has("n_heads"));
}

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  RETURN_IF_ERROR(RequireString(reader, "scoring_func", "scaled_dot_product"));
  RETURN_IF_ERROR(RequireBool(reader, "is_cross_attention", false));
  SelfAttentionRecipe recipe;
  ASSIGN_OR_RETURN(recipe.attention, ReadAttention(config));
  ASSIGN_OR_RETURN(recipe.attention.output, HasOutput(config));
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kSelfAttention = SeedFamily(kClasses, Parse, kBare);

}  // namespace transformerd
