// AllenNLP's VilbertBackbone: embeddings of a text and of the boxes of an
// image, a BiModalEncoder and two poolers (Lu et al., 2019).
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/seed_renamings.h"
#include "model/families/seed/vilbert_config.h"

namespace transformerd {
namespace {

constexpr ModelClass kClasses[] = {
    {"VilbertBackbone", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kRelevantModules[] = {"bert", "roberta"};

constexpr ModuleRenaming kRenamings[] = {
    {"", "embeddings", "text_embeddings"},
    {"encoder", "layer", "layers1"},
};

constexpr PartRenamings kParts[] = {
    {"text_embeddings", kTextEmbeddingsRenamings},
    {"text_embeddings.layer_norm", kNormRenamings},
    {"image_embeddings.layer_norm", kNormRenamings},
    {"encoder.layers1.{}", kLayerRenamings},
    {"encoder.layers1.{}.attention", kAttentionLayerRenamings},
    {"encoder.layers1.{}.output", kOutputRenamings},
    {"encoder.layers2.{}", kLayerRenamings},
    {"encoder.layers2.{}.attention", kAttentionLayerRenamings},
    {"encoder.layers2.{}.output", kOutputRenamings},
    {"encoder.c_layer.{}", kConnectionRenamings},
    {"encoder.c_layer.{}.bimodal_output.bert_output1", kOutputRenamings},
    {"encoder.c_layer.{}.bimodal_output.bert_output2", kOutputRenamings},
    {"encoder.c_layer.{}.output1", kOutputRenamings},
    {"encoder.c_layer.{}.output2", kOutputRenamings},
};

// What a text model has beside embeddings and encoder.
constexpr absl::string_view kIgnore[] = {
    R"(^((bert|roberta)\.)?pooler\..*)", R"(^cls\..*)", R"(^lm_head\..*)",
    R"(^classifier\..*)", R"(^qa_outputs\..*)"};

constexpr absl::string_view kAllowMissing[] = {
    R"(^image_embeddings\..*)", R"(^encoder\.layers2\..*)",
    R"(^encoder\.c_layer\..*)", R"(^[tv]_pooler\..*)"};

constexpr BareModule kBare = {kRelevantModules, kRenamings, kIgnore,
                              kAllowMissing, kParts};

absl::StatusOr<Architecture> Parse(const ConfigReader& reader,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const VilbertBackboneRecipe recipe,
                   ReadVilbertBackbone(config));
  Architecture out = SeedArchitecture(config, model_class, recipe);
  ASSIGN_OR_RETURN(out.max_sequence_length,
                   MaxTokens(recipe.text_embeddings, out.max_sequence_length));
  return out;
}

}  // namespace

extern const Family kVilbertBackbone = SeedFamily(kClasses, Parse, kBare);

}  // namespace transformerd
