// AllenNLP's TransformerEmbeddings: those of a BERT, a RoBERTa, an ELECTRA or
// an ALBERT, whose projection comes along.
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"TransformerEmbeddings", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {
    "embeddings", "bert.embeddings", "roberta.embeddings"};

// clang-format off
// An ALBERT is found under none of them: its keys stay whole.
constexpr ModuleRenaming kRenamings[] = {
    {"", "LayerNorm",                               "layer_norm"},
    {"", "word_embeddings",                         "embeddings.word_embeddings"},
    {"", "position_embeddings",                     "embeddings.position_embeddings"},
    {"", "token_type_embeddings",                   "embeddings.token_type_embeddings"},
    {"", "albert.embeddings.LayerNorm",             "layer_norm"},
    {"", "albert.embeddings.word_embeddings",       "embeddings.word_embeddings"},
    {"", "albert.embeddings.position_embeddings",   "embeddings.position_embeddings"},
    {"", "albert.embeddings.token_type_embeddings", "embeddings.token_type_embeddings"},
    {"", "albert.encoder.embedding_hidden_mapping_in", "linear_transform"},
};
// clang-format on

constexpr PartRenamings kParts[] = {{"layer_norm", kNormRenamings}};

constexpr absl::string_view kIgnore[] = {
    R"(^albert\.pooler\..*)", R"(^albert\.encoder\.albert_layer_groups\..*)",
    R"(^predictions\.*)"};

constexpr BareModule kBare = {kRelevantModules, kRenamings, kIgnore,
                              /*allow_missing=*/{}, kParts};

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const TransformerEmbeddingsRecipe recipe,
                   ReadTextEmbeddings(config));
  Architecture out = SeedArchitecture(config, model_class, recipe);
  if (recipe.max_position_embeddings > 0) {
    // RoBERTa's first position is that behind the pad id.
    const int64_t before =
        recipe.position_pad_token_id ? *recipe.position_pad_token_id + 1 : 0;
    out.max_sequence_length = recipe.max_position_embeddings - before;
    if (out.max_sequence_length < 1) {
      return LoadError(
          Reason::kConfigInvalid,
          "config.json: max_position_embeddings leaves no position "
          "behind position_pad_token_id");
    }
  }
  return out;
}

}  // namespace

extern const Family kTransformerEmbeddings = {
    kSeedModelTypes,        kClasses,
    /*base_prefix=*/"",
    /*base_parameters=*/{},
    /*head_parameters=*/{},
    /*buffers=*/{},         Parse,    &kBare,
};

}  // namespace transformerd
