#include "model/families/encoder_config.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/base/error_details.h"
#include "model/base/status_macros.h"
#include "model/families/activations.h"
#include "model/families/heads.h"

namespace transformerd {
namespace {

// Far above any model in use, and low enough that the bytes of a model whose
// dimensions are all at their limit still fit 63 bits.
constexpr int64_t kMaxVocabulary = int64_t{1} << 24;
constexpr int64_t kMaxWidth = int64_t{1} << 20;
constexpr int64_t kMaxLayers = 10000;
constexpr int64_t kMaxLabels = int64_t{1} << 20;

absl::Status ReadDimension(const ConfigReader& config, const ConfigKey& key,
                           int64_t min, int64_t max, int64_t& value) {
  ASSIGN_OR_RETURN(value, config.Int(key.key, key.default_value, min, max));
  return absl::OkStatus();
}

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
  RETURN_IF_ERROR(ReadDimension(config, keys.max_position_embeddings, 1,
                                kMaxWidth, out.max_sequence_length));
  stack.embedding.position_rows = out.max_sequence_length;
  ASSIGN_OR_RETURN(out.pad_token_id, config.Int(keys.pad_token_id.key,
                                                keys.pad_token_id.default_value,
                                                0, out.vocab_size - 1));
  if (!keys.type_vocab_size.key.empty()) {
    RETURN_IF_ERROR(ReadDimension(config, keys.type_vocab_size, 1, kMaxWidth,
                                  stack.embedding.token_types));
  }
  if (out.hidden_size % stack.num_attention_heads != 0) {
    return LoadError(
        Reason::kConfigInvalid,
        absl::StrCat("config.json: ", keys.num_attention_heads.key, "=",
                     stack.num_attention_heads, " does not divide ",
                     keys.hidden_size.key, "=", out.hidden_size));
  }
  stack.head_size = out.hidden_size / stack.num_attention_heads;
  return absl::OkStatus();
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

absl::Status ReadLabels(const ConfigReader& config, Architecture& out) {
  ASSIGN_OR_RETURN(out.labels, config.IndexedStrings("id2label"));
  // As in transformers, where both are given the names count.
  const int64_t named = static_cast<int64_t>(out.labels.size());
  ASSIGN_OR_RETURN(out.num_labels, config.Int("num_labels", 2, 1, kMaxLabels));
  if (named > 0) out.num_labels = named;
  return absl::OkStatus();
}

absl::Status RefuseDecoders(const ConfigReader& config) {
  for (absl::string_view key : {"is_decoder", "add_cross_attention"}) {
    ASSIGN_OR_RETURN(const bool set, config.Bool(key, false));
    if (set) {
      return LoadError(Reason::kUnsupported,
                       absl::StrCat("config.json: ", key,
                                    "=true, expected an encoder (false)"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Architecture> ParseEncoder(const ConfigReader& config,
                                          const EncoderKeys& keys,
                                          const ModelClass& model_class) {
  Architecture out;
  RETURN_IF_ERROR(RefuseDecoders(config));
  RETURN_IF_ERROR(ReadDimensions(config, keys, out));
  ASSIGN_OR_RETURN(const std::string activation,
                   config.String(keys.activation, "gelu"));
  BlockRecipe& block = out.stack.block;
  ASSIGN_OR_RETURN(block.mlp.activation,
                   ActivationFromName(keys.activation, activation));
  block.norm.eps = keys.norm_eps_default;
  if (!keys.norm_eps.empty()) {
    ASSIGN_OR_RETURN(
        block.norm.eps,
        config.Double(keys.norm_eps, keys.norm_eps_default, 0.0, 1.0));
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
