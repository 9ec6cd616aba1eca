#include "model/modules/transformer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/modules/seed/seed_builder.h"
#include "model/modules/stack_builder.h"

namespace transformerd {
namespace {

// Slots of one group may be absent from a checkpoint together.
constexpr char kPoolerGroup[] = "pooler";
constexpr char kLateBiasGroup[] = "bias of the logits";

// What a head's modules are called. Heads of different kinds have different
// names, because one checkpoint may hold several.
struct HeadNames {
  absl::string_view dense, norm, output;
};

HeadNames NamesOf(HeadKind kind) {
  switch (kind) {
    case HeadKind::kSequenceClassification:
      return {"sequence_dense", "sequence_norm", "sequence_classifier"};
    case HeadKind::kTokenClassification:
      return {"token_dense", "token_norm", "token_classifier"};
    case HeadKind::kQuestionAnswering:
      return {"span_dense", "span_norm", "span_classifier"};
    case HeadKind::kReplacedToken:
      return {"detector_dense", "detector_norm", "detector_classifier"};
    case HeadKind::kMaskedLm:
    case HeadKind::kPreTraining:
    case HeadKind::kCausalLm:
      return {"transform", "transform_norm", "decoder"};
    case HeadKind::kTextProjection:
      return {"text_dense", "text_norm", "text_projection"};
    case HeadKind::kNone:
      break;
  }
  LOG(FATAL) << "no head of this kind";
}

bool IsLanguageModel(HeadKind kind) {
  return kind == HeadKind::kMaskedLm || kind == HeadKind::kPreTraining ||
         kind == HeadKind::kCausalLm;
}

// Numbers that the output layer gives for each row or token.
int64_t OutputSize(const Architecture& architecture) {
  if (IsLanguageModel(architecture.head.kind)) return architecture.vocab_size;
  if (architecture.head.kind == HeadKind::kQuestionAnswering) return 2;
  if (architecture.head.kind == HeadKind::kReplacedToken) return 1;
  if (architecture.head.kind == HeadKind::kTextProjection) {
    return architecture.head.projection_size;
  }
  return architecture.num_labels;
}

int64_t PoolerSize(const Architecture& architecture) {
  return architecture.pooler_size > 0 ? architecture.pooler_size
                                      : architecture.hidden_size;
}

// Width of what the head looks at.
int64_t InputSize(const Architecture& architecture) {
  if (architecture.head.pooling == HeadPooling::kPooler) {
    return PoolerSize(architecture);
  }
  return architecture.stack.output_projection
             ? architecture.stack.embedding.size
             : architecture.hidden_size;
}

}  // namespace

Transformer::Transformer(const Architecture& architecture, DType dtype)
    : dtype_(dtype) {
  for (size_t i = 0; i < architecture.parts.size(); ++i) {
    ModuleBuilder builder(dtype, slots_, PartPrefix(i));
    parts_.push_back(BuildSeedModule(*architecture.parts[i].seed, builder));
  }
  if (!parts_.empty()) return;
  ModuleBuilder builder(dtype, slots_);
  if (architecture.seed) {
    seed_ = BuildSeedModule(*architecture.seed, builder);
    return;
  }
  AddStacks(architecture, builder);
  if (architecture.pooler && architecture.pooler_dense) {
    AddPooler(architecture, builder);
  }
  if (architecture.head.kind != HeadKind::kNone) AddHead(architecture, builder);
}

void Transformer::AddStacks(const Architecture& architecture,
                            ModuleBuilder& builder) {
  StackPlace place;
  place.hidden_size = architecture.hidden_size;
  if (architecture.input == ModelInput::kTokens) {
    place.vocab_size = architecture.vocab_size;
  }
  if (architecture.shared_embedding) {
    shared_tokens_ = builder.AddTable("shared", architecture.vocab_size,
                                      architecture.hidden_size);
    place.shared_tokens = shared_tokens_->name();
  }
  stack_ = BuildStack(architecture.stack, place, builder);
  if (!architecture.decoder) return;
  place.prefix = "decoder.";
  decoder_ = BuildStack(*architecture.decoder, place, builder);
}

void Transformer::AddPooler(const Architecture& architecture,
                            ModuleBuilder& builder) {
  pooler_ = builder.AddLinear("pooler.dense", architecture.hidden_size,
                              PoolerSize(architecture));
  if (!architecture.pooler_optional) return;
  pooler_->weight->SetOptionalGroup(kPoolerGroup);
  pooler_->bias->SetOptionalGroup(kPoolerGroup);
}

void Transformer::AddHead(const Architecture& architecture,
                          ModuleBuilder& builder) {
  const HeadRecipe& recipe = architecture.head;
  const HeadNames names = NamesOf(recipe.kind);
  int64_t size = InputSize(architecture);
  if (recipe.dense) {
    const int64_t out =
        recipe.dense_size > 0 ? recipe.dense_size : architecture.hidden_size;
    head_.dense = builder.AddLinear(absl::StrCat("head.", names.dense), size,
                                    out, recipe.dense_bias);
    size = out;
  }
  if (recipe.norm) {
    head_.norm =
        builder.AddNorm(absl::StrCat("head.", names.norm), size, *recipe.norm);
  }
  head_.output =
      builder.AddLinear(absl::StrCat("head.", names.output), size,
                        OutputSize(architecture), recipe.output_bias);
  if (IsLanguageModel(recipe.kind) && architecture.tie_word_embeddings) {
    head_.output->weight->TieTo(shared_tokens_ != nullptr
                                    ? shared_tokens_->name()
                                    : stack_.embeddings.token->name());
  }
  if (recipe.late_bias) {
    head_.late_bias = builder.AddSlot(
        "head.late_bias", {1, OutputSize(architecture)}, Initializer::kZeros);
    head_.late_bias->SetOptionalGroup(kLateBiasGroup);
  }
  if (recipe.kind == HeadKind::kPreTraining) {
    head_.relationship = builder.AddLinear(
        "head.relationship", PoolerSize(architecture), recipe.pair_labels);
  }
}

int64_t BlockIndex(const StackRecipe& recipe, int64_t layer) {
  if (recipe.num_layer_groups == 0) return layer;
  const int64_t run = layer / recipe.blocks_per_group;
  const int64_t runs =
      (recipe.num_hidden_layers + recipe.blocks_per_group - 1) /
      recipe.blocks_per_group;
  // In double, as in training: it rounds the 9th of 18 runs into another one of
  // 14 groups than integers do.
  const auto group =
      static_cast<int64_t>(static_cast<double>(run) /
                           (static_cast<double>(runs) /
                            static_cast<double>(recipe.num_layer_groups)));
  return group * recipe.blocks_per_group + layer % recipe.blocks_per_group;
}

const Block& BlockOf(const Stack& stack, const StackRecipe& recipe,
                     int64_t layer) {
  return stack.blocks[BlockIndex(recipe, layer)];
}

}  // namespace transformerd
