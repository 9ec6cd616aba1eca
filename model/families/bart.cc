// BART (Lewis et al., 2020): an encoder and a decoder of post-norm blocks with
// learned positions, each with its own number of layers and widths.
#include <cmath>
#include <utility>

#include "absl/strings/string_view.h"
#include "model/base/status_macros.h"
#include "model/families/bart_parameters.h"
#include "model/families/encoder_config.h"
#include "model/families/encoder_decoder_config.h"
#include "model/families/family.h"
#include "model/families/required_values.h"

namespace transformerd {
namespace {

constexpr absl::string_view kModelTypes[] = {"bart"};

constexpr ModelClass kClasses[] = {
    {"BartModel", HeadKind::kNone, /*pooler=*/false, /*decoder=*/true},
    {"BartForConditionalGeneration", HeadKind::kCausalLm, /*pooler=*/false,
     /*decoder=*/true},
    {"BartForSequenceClassification", HeadKind::kSequenceClassification,
     /*pooler=*/false, /*decoder=*/true},
    {"BartForQuestionAnswering", HeadKind::kQuestionAnswering,
     /*pooler=*/false, /*decoder=*/true},
};

// The dimensions of one of the two stacks.
constexpr EncoderKeys KeysOf(absl::string_view layers, absl::string_view heads,
                             absl::string_view intermediate) {
  EncoderKeys keys;
  keys.vocab_size.default_value = 50265;
  keys.hidden_size = {"d_model", 1024};
  keys.num_hidden_layers = {layers, 12};
  keys.num_attention_heads = {heads, 16};
  keys.intermediate_size = {intermediate, 4096};
  keys.max_position_embeddings.default_value = 1024;
  keys.type_vocab_size = {"", 0};
  keys.pad_token_id.default_value = 1;
  keys.activation_key = "activation_function";
  keys.norm_eps_key = "";
  keys.norm_eps = 1e-5;
  return keys;
}

constexpr EncoderKeys kEncoderKeys =
    KeysOf("encoder_layers", "encoder_attention_heads", "encoder_ffn_dim");
constexpr EncoderKeys kDecoderKeys =
    KeysOf("decoder_layers", "decoder_attention_heads", "decoder_ffn_dim");

// Options of BART's relatives that went by its name in early releases.
absl::Status RefuseOptions(const ConfigReader& config) {
  constexpr std::pair<absl::string_view, bool> kExpected[] = {
      {"add_bias_logits", false},
      {"add_final_layer_norm", false},
      {"normalize_before", false},
      {"normalize_embedding", true},
      {"static_position_embeddings", false}};
  for (const auto& [key, expected] : kExpected) {
    RETURN_IF_ERROR(RequireBool(config, key, expected));
  }
  return absl::OkStatus();
}

// Two rows of the table stand before that of position 0.
absl::Status FinishEmbedding(const ConfigReader& config, int64_t hidden_size,
                             EmbeddingRecipe& embedding) {
  embedding.position_offset = 2;
  embedding.position_rows += embedding.position_offset;
  ASSIGN_OR_RETURN(const bool is_scaled, config.Bool("scale_embedding", false));
  if (!is_scaled) return absl::OkStatus();
  embedding.scale = std::sqrt(static_cast<double>(hidden_size));
  return absl::OkStatus();
}

absl::StatusOr<Architecture> Parse(const ConfigReader& config,
                                   const ModelClass& model_class) {
  RETURN_IF_ERROR(RefuseOptions(config));
  ASSIGN_OR_RETURN(Architecture out,
                   ParseEncoder(config, kEncoderKeys, model_class));
  ASSIGN_OR_RETURN(const Architecture as_decoder,
                   ParseEncoder(config, kDecoderKeys, model_class));
  out.decoder = as_decoder.stack;
  out.decoder->block.cross_attention = true;
  out.decoder->block.attention.causal = true;
  for (StackRecipe* const stack : {&out.stack, &*out.decoder}) {
    RETURN_IF_ERROR(FinishEmbedding(config, out.hidden_size, stack->embedding));
  }
  out.shared_embedding = out.tie_word_embeddings;
  out.head = EncoderDecoderHead(model_class.head);
  if (model_class.head == HeadKind::kCausalLm) {
    out.head.output_bias = false;
    out.head.late_bias = true;
  }
  const bool counts_labels = config.Has("id2label") || config.Has("num_labels");
  if (!counts_labels) out.num_labels = 3;
  RETURN_IF_ERROR(ReadDecoderTokens(config, {/*start=*/2, /*end=*/2}, out));
  return out;
}

}  // namespace

extern const Family kBart = {kModelTypes,
                             kClasses,
                             /*base_prefix=*/"model.",
                             kBartParameters,
                             kBartHeads,
                             kBartBuffers,
                             Parse};

}  // namespace transformerd
