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

// Of a bare module, under AllenNLP's names.
void AddModuleInputs(const Architecture& a, Signature& signature) {
  InputSpec hidden_states;
  hidden_states.name = "hidden_states";
  hidden_states.optional = false;
  hidden_states.kind = InputKind::kHidden;
  hidden_states.hidden_size = a.hidden_size;
  signature.inputs.push_back(std::move(hidden_states));
  signature.inputs.push_back({"attention_mask", /*optional=*/true, 2});
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

void AddTextInputs(const ModelSurroundings& surroundings,
                   Signature& signature) {
  if (surroundings.tokenizer == nullptr) return;
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

void AddStackOutputs(const Architecture& a, bool has_pooler,
                     PoolingKind pooling, std::vector<OutputSpec>& outputs) {
  outputs.push_back(Output("last_hidden_state", OutputKind::kLastHiddenState,
                           OutputRows::kToken, {OutputSize(a)}));
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
      outputs.push_back(Output("seq_relationship_logits",
                               OutputKind::kSeqRelationshipLogits,
                               OutputRows::kSequence, {2}));
      break;
  }
}

// What enters and leaves the layers; attentions where they are given.
void AddLayerOutputs(const Architecture& a, std::vector<OutputSpec>& outputs) {
  const auto add = [&](absl::string_view name, OutputKind kind, int layer,
                       OutputRows rows, int64_t extent) {
    OutputSpec spec =
        Output(absl::StrCat(name, ".", layer), kind, rows, {extent});
    spec.layer = layer;
    spec.is_default = false;
    outputs.push_back(std::move(spec));
  };
  const int layers = static_cast<int>(a.stack.num_hidden_layers);
  for (int layer = 0; layer <= layers; ++layer) {
    add("hidden_states", OutputKind::kHiddenState, layer, OutputRows::kToken,
        layer == layers ? OutputSize(a) : a.hidden_size);
  }
  if (a.is_bare) return;
  for (int layer = 0; layer < layers; ++layer) {
    add("attentions", OutputKind::kAttention, layer, OutputRows::kTokenPair,
        a.stack.num_attention_heads);
  }
}

}  // namespace

Signature MakeSignature(const Architecture& architecture,
                        const ModelSurroundings& surroundings) {
  if (architecture.seed) return MakeSeedSignature(architecture);
  Signature signature;
  signature.max_sequence_length = architecture.max_sequence_length;
  signature.computes_masked = architecture.is_bare;
  if (architecture.input == ModelInput::kHiddenStates) {
    AddModuleInputs(architecture, signature);
    signature.outputs.push_back(
        Output("final_hidden_states", OutputKind::kLastHiddenState,
               OutputRows::kToken, {architecture.hidden_size}));
    AddLayerOutputs(architecture, signature.outputs);
    return signature;
  }
  AddInputs(architecture, surroundings.tokenizer != nullptr, signature);
  AddTextInputs(surroundings, signature);
  if (architecture.head.kind == HeadKind::kNone) {
    AddStackOutputs(architecture, surroundings.has_pooler, surroundings.pooling,
                    signature.outputs);
  } else {
    AddHeadOutputs(architecture, signature.outputs);
  }
  AddLayerOutputs(architecture, signature.outputs);
  return signature;
}

}  // namespace transformerd
