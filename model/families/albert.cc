// ALBERT (Lan et al., 2020): BERT's encoder with narrow embeddings and blocks
// that layers share, pre-trained to tell the order of sentences.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/encoder_config.h"
#include "model/families/family.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"albert"};

constexpr ModelClass kClasses[] = {
    {"AlbertModel", HeadKind::kNone, /*pooler=*/true},
    {"AlbertForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/true},
    {"AlbertForTokenClassification", HeadKind::kTokenClassification,
     /*pooler=*/false},
    {"AlbertForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false},
    {"AlbertForMaskedLM", HeadKind::kMaskedLm, /*pooler=*/false},
    {"AlbertForPreTraining", HeadKind::kPreTraining, /*pooler=*/true},
};

// clang-format off
constexpr ParameterRule kBase[] = {
    {"embeddings.word_embeddings",                                            "embeddings.token"},
    {"embeddings.position_embeddings",                                        "embeddings.position"},
    {"embeddings.token_type_embeddings",                                      "embeddings.token_type"},
    {"embeddings.LayerNorm",                                                  "embeddings.norm"},
    {"encoder.embedding_hidden_mapping_in",                                   "embeddings.projection"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.attention.query",       "groups.{}.{}.attention.query"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.attention.key",         "groups.{}.{}.attention.key"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.attention.value",       "groups.{}.{}.attention.value"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.attention.dense",       "groups.{}.{}.attention.output"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.attention.LayerNorm",   "groups.{}.{}.attention_norm"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.ffn",                   "groups.{}.{}.mlp.up"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.ffn_output",            "groups.{}.{}.mlp.down"},
    {"encoder.albert_layer_groups.{}.albert_layers.{}.full_layer_layer_norm", "groups.{}.{}.mlp_norm"},
    {"pooler",                                                                "pooler.dense"},
};

constexpr ParameterRule kHeads[] = {
    {"classifier",                "head.sequence_classifier"},
    {"classifier",                "head.token_classifier"},
    {"qa_outputs",                "head.span_classifier"},
    {"predictions.dense",         "head.transform"},
    {"predictions.LayerNorm",     "head.transform_norm"},
    {"predictions.decoder",       "head.decoder"},
    {"predictions",               "head.decoder"},
    {"sop_classifier.classifier", "head.relationship"},
};
// clang-format on

constexpr absl::string_view kBuffers[] = {"embeddings.position_ids",
                                          "embeddings.token_type_ids"};

constexpr EncoderKeys Keys() {
  EncoderKeys keys;
  keys.vocab_size.default_value = 30000;
  keys.hidden_size.default_value = 4096;
  keys.num_attention_heads.default_value = 64;
  keys.intermediate_size.default_value = 16384;
  keys.activation = "gelu_new";
  return keys;
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  ASSIGN_OR_RETURN(Architecture out, ParseEncoder(config, Keys(), model_class));
  StackRecipe& stack = out.stack;
  ASSIGN_OR_RETURN(stack.embedding.size,
                   ReadEmbeddingSize(config, /*default_value=*/128));
  stack.embedding.projection = EmbeddingProjection::kSum;
  // transformers accepts more groups than layers, and leaves the rest unused.
  ASSIGN_OR_RETURN(stack.num_layer_groups,
                   config.Int("num_hidden_groups", 1, 1, kMaxLayers));
  ASSIGN_OR_RETURN(stack.blocks_per_group,
                   config.Int("inner_group_num", 1, 1, kMaxLayers));
  // Each run of a block is a layer with a hidden state and attentions.
  stack.num_hidden_layers *= stack.blocks_per_group;
  const int64_t blocks = stack.num_layer_groups * stack.blocks_per_group;
  if (std::max(stack.num_hidden_layers, blocks) > kMaxLayers) {
    return LoadError(Reason::kConfigInvalid,
                     absl::StrCat(config.source_name(), ": inner_group_num=",
                                  stack.blocks_per_group, " makes ",
                                  std::max(stack.num_hidden_layers, blocks),
                                  " blocks, expected at most ", kMaxLayers));
  }
  if (out.head.kind == HeadKind::kMaskedLm ||
      out.head.kind == HeadKind::kPreTraining) {
    out.head.dense_size = stack.embedding.size;
    out.head.pair_logits = "sop_logits";
    out.head.pair_labels = out.num_labels;
  }
  return out;
}

}  // namespace

extern const Family kAlbert = {kModelTypes, kClasses, /*base_prefix=*/"albert.",
                               kBase,       kHeads,   kBuffers,
                               Parse};

}  // namespace transformerd
