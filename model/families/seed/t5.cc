// AllenNLP's T5 and T5Attention (Raffel et al., 2020), by Hugging Face's config
// in either form of the keys.
#include "model/base/status_macros.h"
#include "model/families/family.h"
#include "model/families/seed/seed_config.h"
#include "model/families/seed/seed_family.h"
#include "model/families/seed/t5_config.h"

namespace transformerd {
namespace {

constexpr ModelClass kT5Classes[] = {
    {"T5", HeadKind::kNone, /*pooler=*/false},
};

// clang-format off
constexpr ModuleRenaming kT5Renamings[] = {
    {"",                                            "shared",          "token_embeddings"},
    {"encoder",                                     "embed_tokens",    "token_embeddings"},
    {"encoder",                                     "block",           "blocks"},
    {"encoder.blocks.{}.layer.{}",                  "SelfAttention",   "self_attention"},
    {"encoder.blocks.{}.layer.{}",                  "DenseReluDense",  "ff_proj"},
    {"decoder",                                     "embed_tokens",    "token_embeddings"},
    {"decoder",                                     "block",           "blocks"},
    {"decoder.blocks.{}.layer.{}",                  "SelfAttention",   "self_attention"},
    {"decoder.blocks.{}.layer.{}",                  "EncDecAttention", "enc_dec_attention"},
    {"decoder.blocks.{}.layer.{}",                  "DenseReluDense",  "ff_proj"},
};

constexpr ModuleRenaming kAttentionRenamings[] = {
    {"", "q", "query"},
    {"", "k", "key"},
    {"", "v", "value"},
    {"", "o", "output"},
};
// clang-format on

constexpr PartRenamings kT5Parts[] = {
    {"encoder.blocks.{}.layer.{}.self_attention", kAttentionRenamings},
    {"decoder.blocks.{}.layer.{}.self_attention", kAttentionRenamings},
    {"decoder.blocks.{}.layer.{}.enc_dec_attention", kAttentionRenamings},
};

// Old files have it, and nothing reads it.
constexpr absl::string_view kIgnore[] = {
    R"(^decoder\.block\.0\.layer\.1\.EncDecAttention)"
    R"(\.relative_attention_bias\.weight$)"};

constexpr BareModule kT5Bare = {/*relevant_modules=*/{}, kT5Renamings, kIgnore,
                                /*allow_missing=*/{}, kT5Parts};

constexpr ModelClass kAttentionClasses[] = {
    {"T5Attention", HeadKind::kNone, /*pooler=*/false},
};

constexpr absl::string_view kAttentionModules[] = {
    "encoder.block.0.layer.0.SelfAttention"};

constexpr BareModule kAttentionBare = {kAttentionModules, kAttentionRenamings};

absl::StatusOr<Architecture> ParseT5(const ConfigReader& reader,
                                     const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(const T5Recipe recipe, ReadT5(config));
  return SeedArchitecture(config, model_class, recipe);
}

absl::StatusOr<Architecture> ParseAttention(const ConfigReader& reader,
                                            const ModelClass& model_class) {
  ASSIGN_OR_RETURN(const SeedConfig config, SeedConfig::Create(reader));
  ASSIGN_OR_RETURN(
      const SeedAttentionRecipe recipe,
      ReadT5Attention(config, /*biased_by_default=*/!config.is_own()));
  return SeedArchitecture(config, model_class, T5AttentionRecipe{recipe});
}

}  // namespace

extern const Family kT5Module = SeedFamily(kT5Classes, ParseT5, kT5Bare);

extern const Family kT5Attention =
    SeedFamily(kAttentionClasses, ParseAttention, kAttentionBare);

}  // namespace transformerd
