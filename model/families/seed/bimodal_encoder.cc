// AllenNLP's BiModalEncoder: two stacks of layers that attend to each other in
// connection layers (Lu et al., 2019). Of a BERT it takes stream 1.
#include <utility>

#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/required_values.h"
#include "model/families/seed/bimodal_config.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"

namespace transformerd {
namespace {

constexpr ModelClass kEncoderClasses[] = {
    {"BiModalEncoder", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {"encoder", "bert.encoder"};

constexpr ModuleRenaming kRenamings[] = {{"", "layer", "layers1"}};

constexpr absl::string_view kAllowMissing[] = {R"(^layers2\..*)",
                                               R"(^c_layer\..*)"};

constexpr PartRenamings kParts[] = {
    {"layers1.{}", kLayerRenamings},
    {"layers1.{}.attention", kAttentionLayerRenamings},
    {"layers1.{}.output", kOutputRenamings},
    {"layers2.{}", kLayerRenamings},
    {"layers2.{}.attention", kAttentionLayerRenamings},
    {"layers2.{}.output", kOutputRenamings},
    {"c_layer.{}", kConnectionRenamings},
    {"c_layer.{}.bimodal_output.bert_output1", kOutputRenamings},
    {"c_layer.{}.bimodal_output.bert_output2", kOutputRenamings},
    {"c_layer.{}.output1", kOutputRenamings},
    {"c_layer.{}.output2", kOutputRenamings},
};

constexpr BareModule kEncoderBare = {kRelevantModules, kRenamings,
                                     /*ignore=*/{}, kAllowMissing, kParts};

constexpr ModelClass kAttentionClasses[] = {
    {"BiModalAttention", HeadKind::kNone, /*pooler=*/false},
};

constexpr BareModule kAttentionBare = {};

absl::StatusOr<Architecture> ParseEncoder(const ConfigReader& reader,
                                          const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(BiModalEncoderRecipe recipe, ReadBiModalEncoder(config));
  return SeedArchitecture(config, model_class, std::move(recipe));
}

absl::StatusOr<Architecture> ParseAttention(const ConfigReader& reader,
                                            const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  for (absl::string_view key : {"scoring_func1", "scoring_func2"}) {
    RETURN_IF_ERROR(RequireString(reader, key, "scaled_dot_product"));
  }
  BiModalAttentionRecipe recipe;
  ASSIGN_OR_RETURN(recipe.hidden_size1,
                   config.Dimension({"hidden_size1"}, nullptr));
  ASSIGN_OR_RETURN(recipe.hidden_size2,
                   config.Dimension({"hidden_size2"}, nullptr));
  ASSIGN_OR_RETURN(recipe.combined_hidden_size,
                   config.Dimension({"combined_hidden_size"}, nullptr));
  ASSIGN_OR_RETURN(recipe.num_attention_heads,
                   config.Dimension({"num_attention_heads"}, nullptr));
  RETURN_IF_ERROR(HeadSize("combined_hidden_size", recipe.combined_hidden_size,
                           "num_attention_heads", recipe.num_attention_heads)
                      .status());
  return SeedArchitecture(config, model_class, recipe);
}

}  // namespace

extern const Family kBiModalEncoder =
    SeedFamily(kEncoderClasses, ParseEncoder, kEncoderBare);

extern const Family kBiModalAttention =
    SeedFamily(kAttentionClasses, ParseAttention, kAttentionBare);

}  // namespace transformerd
