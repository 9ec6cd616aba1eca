// AllenNLP's TransformerEmbeddings: those of a BERT, a RoBERTa, an ELECTRA or
// an ALBERT, whose projection comes along.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"TransformerEmbeddings", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {
    "embeddings", "bert.embeddings", "roberta.embeddings"};

// An ALBERT is found under none of them: its keys stay whole.
constexpr PartRenamings kParts[] = {{"layer_norm", kNormRenamings}};

constexpr absl::string_view kIgnore[] = {
    R"(^albert\.pooler\..*)", R"(^albert\.encoder\.albert_layer_groups\..*)",
    R"(^predictions\.*)"};

constexpr BareModule kBare = {kRelevantModules, kTextEmbeddingsRenamings,
                              kIgnore,
                              /*allow_missing=*/{}, kParts};

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const TransformerEmbeddingsRecipe recipe,
                   ReadTextEmbeddings(config));
  Architecture out = SeedArchitecture(config, model_class, recipe);
  ASSIGN_OR_RETURN(out.max_sequence_length,
                   MaxTokens(recipe, out.max_sequence_length));
  return out;
}

}  // namespace

extern const Family kTransformerEmbeddings = SeedFamily(kClasses, Parse, kBare);

}  // namespace transformerd
