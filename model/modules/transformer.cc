#include "model/modules/transformer.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "glog/logging.h"
#include "model/modules/seed/seed_builder.h"
#include "model/modules/stack_builder.h"

namespace transformerd {
namespace {

// Slots of this group may be absent from a checkpoint together.
constexpr char kPoolerGroup[] = "pooler";

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
  ModuleBuilder builder(dtype, slots_);
  if (architecture.seed) {
    seed_ = BuildSeedModule(*architecture.seed, builder);
    return;
  }
  StackPlace place;
  place.hidden_size = architecture.hidden_size;
  if (architecture.input == ModelInput::kTokens) {
    place.vocab_size = architecture.vocab_size;
  }
  stack_ = BuildStack(architecture.stack, place, builder);
  if (architecture.pooler) AddPooler(architecture, builder);
  if (architecture.head.kind != HeadKind::kNone) AddHead(architecture, builder);
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
    head_.output->weight->TieTo(stack_.embeddings.token->name());
  }
  if (recipe.kind == HeadKind::kPreTraining) {
    head_.relationship =
        builder.AddLinear("head.relationship", PoolerSize(architecture), 2);
  }
}

absl::Span<const Block> BlocksOf(const Stack& stack, const StackRecipe& recipe,
                                 int64_t layer) {
  const absl::Span<const Block> blocks = stack.blocks;
  if (recipe.num_layer_groups == 0) return blocks.subspan(layer, 1);
  const int64_t group =
      layer * recipe.num_layer_groups / recipe.num_hidden_layers;
  return blocks.subspan(group * recipe.blocks_per_group,
                        recipe.blocks_per_group);
}

}  // namespace transformerd
