#include "model/modules/transformer.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

// Slots of this group may be absent from a checkpoint together.
constexpr char kPoolerGroup[] = "pooler";

}  // namespace

Transformer::Transformer(const Architecture& architecture, DType dtype)
    : dtype_(dtype) {
  if (architecture.input == ModelInput::kTokens) AddEmbeddings(architecture);
  blocks_.reserve(architecture.num_hidden_layers);
  for (int64_t layer = 0; layer < architecture.num_hidden_layers; ++layer) {
    AddBlock(architecture, layer);
  }
  if (architecture.pooler) {
    pooler_ = AddLinear("pooler.dense", architecture.hidden_size,
                        architecture.hidden_size);
    if (architecture.pooler_optional) {
      pooler_->weight->SetOptionalGroup(kPoolerGroup);
      pooler_->bias->SetOptionalGroup(kPoolerGroup);
    }
  }
  AddHead(architecture);
}

ParameterSlot* Transformer::AddSlot(const std::string& name, Shape shape,
                                    Initializer initializer) {
  slots_.push_back(std::make_unique<ParameterSlot>(
      name, dtype_, std::move(shape), initializer));
  return slots_.back().get();
}

Linear Transformer::AddLinear(const std::string& name, int64_t in, int64_t out,
                              bool bias) {
  Linear linear;
  linear.weight =
      AddSlot(absl::StrCat(name, ".weight"), {out, in}, Initializer::kNormal);
  if (bias) {
    linear.bias =
        AddSlot(absl::StrCat(name, ".bias"), {out}, Initializer::kZeros);
  }
  return linear;
}

LayerNorm Transformer::AddLayerNorm(const std::string& name, int64_t size,
                                    double eps) {
  LayerNorm norm;
  norm.weight =
      AddSlot(absl::StrCat(name, ".weight"), {size}, Initializer::kOnes);
  norm.bias = AddSlot(absl::StrCat(name, ".bias"), {size}, Initializer::kZeros);
  norm.eps = eps;
  return norm;
}

void Transformer::AddEmbeddings(const Architecture& architecture) {
  const int64_t size = architecture.hidden_size;
  embeddings_.token =
      AddSlot("embeddings.token.weight", {architecture.vocab_size, size},
              Initializer::kNormal);
  if (architecture.max_position_embeddings > 0) {
    embeddings_.position = AddSlot("embeddings.position.weight",
                                   {architecture.max_position_embeddings, size},
                                   Initializer::kNormal);
  }
  if (architecture.type_vocab_size > 0) {
    embeddings_.token_type =
        AddSlot("embeddings.token_type.weight",
                {architecture.type_vocab_size, size}, Initializer::kNormal);
  }
  if (architecture.embedding_norm) {
    embeddings_.norm =
        AddLayerNorm("embeddings.norm", size, architecture.block.norm_eps);
  }
}

void Transformer::AddBlock(const Architecture& architecture, int64_t layer) {
  const std::string prefix = absl::StrCat("layers.", layer, ".");
  const int64_t hidden = architecture.hidden_size;
  const int64_t inner =
      architecture.num_attention_heads * architecture.head_size;
  const BlockRecipe& recipe = architecture.block;
  Block block;
  block.attention.query =
      AddLinear(prefix + "attention.query", hidden, inner, recipe.bias);
  block.attention.key =
      AddLinear(prefix + "attention.key", hidden, inner, recipe.bias);
  block.attention.value =
      AddLinear(prefix + "attention.value", hidden, inner, recipe.bias);
  block.attention.output =
      AddLinear(prefix + "attention.output", inner, hidden, recipe.bias);
  block.attention_norm =
      AddLayerNorm(prefix + "attention_norm", hidden, recipe.norm_eps);
  block.mlp.up = AddLinear(prefix + "mlp.up", hidden,
                           architecture.intermediate_size, recipe.bias);
  block.mlp.down = AddLinear(
      prefix + "mlp.down", architecture.intermediate_size, hidden, recipe.bias);
  block.mlp_norm = AddLayerNorm(prefix + "mlp_norm", hidden, recipe.norm_eps);
  blocks_.push_back(block);
}

void Transformer::AddHead(const Architecture& architecture) {
  const int64_t hidden = architecture.hidden_size;
  switch (architecture.head) {
    case HeadKind::kNone:
      break;
    case HeadKind::kSequenceClassification:
      if (architecture.classifier_pooling == ClassifierPooling::kFirstDense) {
        head_.dense = AddLinear("head.sequence_dense", hidden, hidden);
      }
      head_.classifier = AddLinear("head.sequence_classifier", hidden,
                                   architecture.num_labels);
      break;
    case HeadKind::kTokenClassification:
      head_.classifier =
          AddLinear("head.token_classifier", hidden, architecture.num_labels);
      break;
    case HeadKind::kQuestionAnswering:
      head_.classifier = AddLinear("head.span_classifier", hidden, 2);
      break;
    case HeadKind::kMaskedLm:
      AddMaskedLmHead(architecture);
      break;
    case HeadKind::kPreTraining:
      AddMaskedLmHead(architecture);
      head_.relationship = AddLinear("head.relationship", hidden, 2);
      break;
  }
}

void Transformer::AddMaskedLmHead(const Architecture& architecture) {
  const int64_t hidden = architecture.hidden_size;
  head_.dense = AddLinear("head.transform", hidden, hidden);
  head_.norm =
      AddLayerNorm("head.transform_norm", hidden, architecture.block.norm_eps);
  head_.decoder = AddLinear("head.decoder", hidden, architecture.vocab_size);
  if (architecture.tie_word_embeddings) {
    head_.decoder->weight->TieTo(embeddings_.token->name());
  }
}

}  // namespace transformerd
