#include "model/runtime/make_signature.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "model/runtime/seed_signature.h"

namespace transformerd {
namespace {

OutputSpec Output(std::string name, OutputKind kind, OutputRows rows,
                  Shape row_shape) {
  OutputSpec spec;
  spec.name = std::move(name);
  spec.kind = kind;
  spec.rows = rows;
  spec.row_shape = std::move(row_shape);
  spec.is_default = true;
  return spec;
}

void AddInputs(const Architecture& a, bool takes_text, Signature& signature) {
  signature.inputs.push_back({"input_ids", takes_text, a.vocab_size});
  signature.inputs.push_back({"attention_mask", /*optional=*/true, 2});
  const EmbeddingRecipe& embedding = a.stack.embedding;
  if (embedding.token_types > 0) {
    signature.inputs.push_back(
        {"token_type_ids", /*optional=*/true, embedding.token_types});
  }
  if (TakesPositions(a)) {
    const int64_t limit =
        embedding.position_rows > 0
            ? embedding.position_rows - embedding.position_offset
            : a.max_sequence_length;
    signature.inputs.push_back({"position_ids", /*optional=*/true, limit});
  }
}

// Images, whose rows all have the same tokens.
void AddPixelInput(const Architecture& a, Signature& signature) {
  const PatchRecipe& patches = *a.stack.embedding.patches;
  InputSpec pixels;
  pixels.name = "pixel_values";
  pixels.optional = false;
  pixels.kind = InputKind::kPixels;
  pixels.image = {patches.channels, patches.image_height, patches.image_width};
  signature.inputs.push_back(std::move(pixels));
}

void AddDecoderInputs(const Architecture& a, Signature& signature) {
  if (!a.decoder) return;
  signature.decoder_start_token_id = a.decoder_start_token_id;
  InputSpec ids = {"decoder_input_ids", a.decoder_start_token_id.has_value(),
                   a.vocab_size};
  ids.of_decoder = true;
  InputSpec mask = {"decoder_attention_mask", /*optional=*/true, 2};
  mask.of_decoder = true;
  signature.inputs.push_back(std::move(ids));
  signature.inputs.push_back(std::move(mask));
}

// Whether what is pooled is found by an id, which rows of vectors lack.
bool LooksForId(HeadPooling pooling) {
  return pooling == HeadPooling::kFirstEndOfText ||
         pooling == HeadPooling::kLastEosOfInput;
}

void AddVectorInput(const Architecture& a, Signature& signature) {
  if (LooksForId(a.head.pooling) || LooksForId(a.pooler_pooling)) return;
  InputSpec vectors;
  vectors.name = "inputs_embeds";
  vectors.kind = InputKind::kVectors;
  vectors.vector_size = TokenVectorSize(a.stack.embedding, a.hidden_size);
  signature.inputs.push_back(std::move(vectors));
  signature.needs_whole_vector_rows = a.head.pooling == HeadPooling::kLast;
}

// Whether a row of text is all that the model needs.
bool TakesText(const Architecture& a, const ModelSurroundings& surroundings) {
  return surroundings.tokenizer != nullptr && a.input == ModelInput::kTokens &&
         (!a.decoder || a.decoder_start_token_id.has_value());
}

void AddTextInputs(const ModelSurroundings& surroundings,
                   Signature& signature) {
  InputSpec text;
  text.kind = InputKind::kText;
  text.name = "text";
  signature.inputs.push_back(text);
  if (surroundings.tokenizer->takes_pairs()) {
    text.name = "text_pair";
    signature.inputs.push_back(text);
  }
  const int64_t limit = signature.max_sequence_length;
  signature.max_text_tokens =
      std::min(limit, surroundings.max_text_tokens.value_or(limit));
}

// Width of what leaves the stack.
int64_t OutputSize(const Architecture& a) {
  return a.stack.output_projection ? a.stack.embedding.size : a.hidden_size;
}

void AddLastHiddenState(const Architecture& a,
                        std::vector<OutputSpec>& outputs) {
  outputs.push_back(Output("last_hidden_state", OutputKind::kLastHiddenState,
                           OutputRows::kToken, {OutputSize(a)}));
}

void AddStackOutputs(const Architecture& a, bool has_pooler,
                     PoolingKind pooling, std::vector<OutputSpec>& outputs) {
  AddLastHiddenState(a, outputs);
  if (has_pooler) {
    outputs.push_back(Output(
        "pooler_output", OutputKind::kPoolerOutput, OutputRows::kSequence,
        {a.pooler_size > 0 ? a.pooler_size : a.hidden_size}));
  }
  if (pooling != PoolingKind::kNone) {
    outputs.push_back(Output("sentence_embedding",
                             OutputKind::kSentenceEmbedding,
                             OutputRows::kSequence, {OutputSize(a)}));
  }
}

void AddHeadOutputs(const Architecture& a, std::vector<OutputSpec>& outputs) {
  switch (a.head.kind) {
    case HeadKind::kNone:
      break;
    case HeadKind::kSequenceClassification:
      outputs.push_back(Output("logits", OutputKind::kLogits,
                               OutputRows::kSequence, {a.num_labels}));
      break;
    case HeadKind::kTokenClassification:
      outputs.push_back(Output("logits", OutputKind::kLogits,
                               OutputRows::kToken, {a.num_labels}));
      break;
    case HeadKind::kQuestionAnswering:
      outputs.push_back(Output("start_logits", OutputKind::kStartLogits,
                               OutputRows::kToken, {}));
      outputs.push_back(
          Output("end_logits", OutputKind::kEndLogits, OutputRows::kToken, {}));
      break;
    case HeadKind::kMaskedLm:
    case HeadKind::kCausalLm:
      outputs.push_back(Output("logits", OutputKind::kLogits,
                               OutputRows::kToken, {a.vocab_size}));
      break;
    case HeadKind::kReplacedToken:
      outputs.push_back(
          Output("logits", OutputKind::kLogits, OutputRows::kToken, {}));
      break;
    case HeadKind::kPreTraining:
      outputs.push_back(Output("prediction_logits", OutputKind::kLogits,
                               OutputRows::kToken, {a.vocab_size}));
      outputs.push_back(Output(std::string(a.head.pair_logits),
                               OutputKind::kPairLogits, OutputRows::kSequence,
                               {a.head.pair_labels}));
      break;
    case HeadKind::kTextProjection:
      outputs.push_back(Output("text_embeds", OutputKind::kTextEmbeds,
                               OutputRows::kSequence,
                               {a.head.projection_size}));
      AddLastHiddenState(a, outputs);
      break;
  }
}

// The outputs of the encoder that a decoder stands on.
void AddEncoderOutputs(const Architecture& a,
                       std::vector<OutputSpec>& outputs) {
  // What there is so far comes from the decoder.
  for (OutputSpec& output : outputs) output.of_decoder = true;
  outputs.push_back(Output("encoder_last_hidden_state",
                           OutputKind::kEncoderLastHiddenState,
                           OutputRows::kToken, {OutputSize(a)}));
}

// What the layers of one stack give, none of it by default.
struct LayerOutputs {
  absl::string_view name;
  OutputKind kind;
  OutputRows rows = OutputRows::kToken;
  bool of_decoder = false, keys_of_decoder = false;
};

void AddLayerOutput(const LayerOutputs& which, int64_t layer, int64_t extent,
                    std::vector<OutputSpec>& outputs) {
  OutputSpec spec = Output(absl::StrCat(which.name, ".", layer), which.kind,
                           which.rows, {extent});
  spec.layer = static_cast<int>(layer);
  spec.of_decoder = which.of_decoder;
  spec.keys_of_decoder = which.keys_of_decoder;
  spec.is_default = false;
  outputs.push_back(std::move(spec));
}

// What enters and leaves the layers.
void AddHiddenStates(const Architecture& a, const StackRecipe& stack,
                     const LayerOutputs& which,
                     std::vector<OutputSpec>& outputs) {
  for (int64_t layer = 0; layer <= stack.num_hidden_layers; ++layer) {
    const bool is_last = layer == stack.num_hidden_layers;
    AddLayerOutput(which, layer, is_last ? OutputSize(a) : a.hidden_size,
                   outputs);
  }
}

void AddAttentions(const StackRecipe& stack, const LayerOutputs& which,
                   std::vector<OutputSpec>& outputs) {
  for (int64_t layer = 0; layer < stack.num_hidden_layers; ++layer) {
    AddLayerOutput(which, layer, stack.num_attention_heads, outputs);
  }
}

void AddLayerOutputs(const Architecture& a, std::vector<OutputSpec>& outputs) {
  constexpr OutputRows kPair = OutputRows::kTokenPair;
  if (!a.decoder) {
    AddHiddenStates(a, a.stack, {"hidden_states", OutputKind::kHiddenState},
                    outputs);
    AddAttentions(a.stack, {"attentions", OutputKind::kAttention, kPair},
                  outputs);
    return;
  }
  AddHiddenStates(a, a.stack,
                  {"encoder_hidden_states", OutputKind::kHiddenState}, outputs);
  AddHiddenStates(a, *a.decoder,
                  {"decoder_hidden_states", OutputKind::kDecoderHiddenState,
                   OutputRows::kToken, /*of_decoder=*/true},
                  outputs);
  AddAttentions(a.stack, {"encoder_attentions", OutputKind::kAttention, kPair},
                outputs);
  AddAttentions(*a.decoder,
                {"decoder_attentions", OutputKind::kDecoderAttention, kPair,
                 /*of_decoder=*/true, /*keys_of_decoder=*/true},
                outputs);
  AddAttentions(*a.decoder,
                {"cross_attentions", OutputKind::kCrossAttention, kPair,
                 /*of_decoder=*/true, /*keys_of_decoder=*/false},
                outputs);
}

}  // namespace

Signature MakeSignature(const Architecture& architecture,
                        const ModelSurroundings& surroundings) {
  if (architecture.seed) return MakeSeedSignature(architecture);
  Signature signature;
  signature.max_sequence_length = architecture.max_sequence_length;
  const bool is_image = architecture.input == ModelInput::kPixels;
  if (is_image) {
    AddPixelInput(architecture, signature);
  } else {
    const bool takes_text = TakesText(architecture, surroundings);
    AddInputs(architecture, takes_text, signature);
    AddDecoderInputs(architecture, signature);
    AddVectorInput(architecture, signature);
    if (takes_text) AddTextInputs(surroundings, signature);
  }
  if (architecture.head.pooling == HeadPooling::kLastEosOfInput) {
    signature.eos_token_id = architecture.eos_token_id;
  }
  if (architecture.head.kind == HeadKind::kNone) {
    AddStackOutputs(architecture, surroundings.has_pooler,
                    is_image ? PoolingKind::kNone : surroundings.pooling,
                    signature.outputs);
  } else {
    AddHeadOutputs(architecture, signature.outputs);
  }
  if (architecture.decoder) {
    AddEncoderOutputs(architecture, signature.outputs);
  }
  AddLayerOutputs(architecture, signature.outputs);
  return signature;
}

}  // namespace transformerd
