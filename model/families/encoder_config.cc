#include "model/families/encoder_config.h"

#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/config_fields.h"
#include "model/families/heads.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

absl::Status ReadDimensions(const ConfigReader& config, const EncoderKeys& keys,
                            Architecture& out) {
  StackRecipe& stack = out.stack;
  RETURN_IF_ERROR(ReadDimension(config, keys.vocab_size, 1, kMaxVocabulary,
                                out.vocab_size));
  RETURN_IF_ERROR(
      ReadDimension(config, keys.hidden_size, 1, kMaxWidth, out.hidden_size));
  RETURN_IF_ERROR(ReadDimension(config, keys.num_hidden_layers, 0, kMaxLayers,
                                stack.num_hidden_layers));
  RETURN_IF_ERROR(ReadDimension(config, keys.num_attention_heads, 1, kMaxWidth,
                                stack.num_attention_heads));
  RETURN_IF_ERROR(ReadDimension(config, keys.intermediate_size, 1, kMaxWidth,
                                stack.intermediate_size));
  out.max_sequence_length = keys.max_position_embeddings.default_value;
  if (!keys.max_position_embeddings.key.empty()) {
    RETURN_IF_ERROR(ReadDimension(config, keys.max_position_embeddings, 1,
                                  kMaxWidth, out.max_sequence_length));
    stack.embedding.position_rows = out.max_sequence_length;
  }
  ASSIGN_OR_RETURN(out.pad_token_id, config.Int(keys.pad_token_id.key,
                                                keys.pad_token_id.default_value,
                                                0, out.vocab_size - 1));
  if (!keys.type_vocab_size.key.empty()) {
    RETURN_IF_ERROR(ReadDimension(config, keys.type_vocab_size, 1, kMaxWidth,
                                  stack.embedding.token_types));
  }
  if (!keys.head_size.key.empty()) {
    RETURN_IF_ERROR(
        ReadDimension(config, keys.head_size, 1, kMaxWidth, stack.head_size));
  }
  return FinishHeadSize(keys.head_size.key, keys.num_attention_heads.key,
                        keys.hidden_size.key, out.hidden_size, stack);
}

// The heads of BERT, which families with others replace.
HeadRecipe DefaultHead(HeadKind kind, const BlockRecipe& block) {
  switch (kind) {
    case HeadKind::kMaskedLm:
    case HeadKind::kPreTraining:
      return MaskedLmHead(kind, block.mlp.activation, block.norm);
    case HeadKind::kSequenceClassification:
      return PlainHead(kind, HeadPooling::kPooler);
    default:
      return PlainHead(kind, HeadPooling::kTokens);
  }
}

absl::Status RefuseOptions(const ConfigReader& config) {
  for (absl::string_view key : {"is_decoder", "add_cross_attention"}) {
    RETURN_IF_ERROR(RequireBool(config, key, false));
  }
  return RequireString(config, "position_embedding_type", "absolute");
}

}  // namespace

absl::StatusOr<int64_t> ReadEmbeddingSize(const ConfigReader& config,
                                          int64_t default_value) {
  return config.Int("embedding_size", default_value, 1, kMaxWidth);
}

absl::StatusOr<Architecture> ParseEncoder(const ConfigReader& config,
                                          const EncoderKeys& keys,
                                          const ModelClass& model_class) {
  Architecture out;
  RETURN_IF_ERROR(RefuseOptions(config));
  RETURN_IF_ERROR(ReadDimensions(config, keys, out));
  BlockRecipe& block = out.stack.block;
  if (!keys.activation_key.empty()) {
    ASSIGN_OR_RETURN(
        block.mlp.activation,
        ReadActivation(config, keys.activation_key, keys.activation));
  }
  block.norm.eps = keys.norm_eps;
  if (!keys.norm_eps_key.empty()) {
    ASSIGN_OR_RETURN(block.norm.eps,
                     config.Double(keys.norm_eps_key, keys.norm_eps, 0.0, 1.0));
  }
  out.stack.embedding.norm = block.norm;
  ASSIGN_OR_RETURN(out.tie_word_embeddings,
                   config.Bool("tie_word_embeddings", true));
  ASSIGN_OR_RETURN(out.initializer_range,
                   config.Double("initializer_range", 0.02, 0.0, 1e3));
  RETURN_IF_ERROR(ReadLabels(config, out));
  out.class_name = std::string(model_class.name);
  out.head = DefaultHead(model_class.head, block);
  out.pooler = model_class.pooler;
  out.pooler_optional = model_class.head == HeadKind::kNone;
  return out;
}

}  // namespace transformerd
