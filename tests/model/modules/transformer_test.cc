#include "model/modules/transformer.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

Architecture Small(HeadKind head = HeadKind::kNone) {
  Architecture architecture;
  architecture.vocab_size = 10;
  architecture.hidden_size = 4;
  architecture.num_labels = 3;
  architecture.head.kind = head;
  StackRecipe& stack = architecture.stack;
  stack.num_hidden_layers = 2;
  stack.num_attention_heads = 2;
  stack.head_size = 2;
  stack.intermediate_size = 6;
  stack.embedding.position_rows = 8;
  stack.embedding.token_types = 2;
  return architecture;
}

const ParameterSlot* Find(const Transformer& transformer,
                          const std::string& name) {
  for (const auto& slot : transformer.slots()) {
    if (slot->name() == name) return slot.get();
  }
  return nullptr;
}

TEST(TransformerTest, DeclaresShapesWithoutStorage) {
  const Transformer transformer(Small(), DType::kF32);

  EXPECT_EQ(Find(transformer, "embeddings.token.weight")->shape(),
            Shape({10, 4}));
  EXPECT_EQ(Find(transformer, "layers.1.mlp.up.weight")->shape(),
            Shape({6, 4}));
  EXPECT_EQ(Find(transformer, "layers.1.mlp.down.weight")->shape(),
            Shape({4, 6}));
  EXPECT_EQ(Find(transformer, "layers.2.mlp.up.weight"), nullptr);
  for (const auto& slot : transformer.slots()) {
    EXPECT_FALSE(slot->is_filled()) << slot->name();
  }
}

TEST(TransformerTest, VisitsSlotsInTheSameOrderEachTime) {
  const Transformer a(Small(HeadKind::kMaskedLm), DType::kF32);
  const Transformer b(Small(HeadKind::kMaskedLm), DType::kF32);

  ASSERT_EQ(a.slots().size(), b.slots().size());
  std::set<std::string> names;
  for (size_t i = 0; i < a.slots().size(); ++i) {
    EXPECT_EQ(a.slots()[i]->name(), b.slots()[i]->name());
    EXPECT_TRUE(names.insert(a.slots()[i]->name()).second);
  }
}

TEST(TransformerTest, TiesTheDecoderToTheWordEmbeddings) {
  Architecture architecture = Small(HeadKind::kMaskedLm);
  EXPECT_EQ(Find(Transformer(architecture, DType::kF32), "head.decoder.weight")
                ->tied_to(),
            "embeddings.token.weight");

  architecture.tie_word_embeddings = false;
  EXPECT_EQ(Find(Transformer(architecture, DType::kF32), "head.decoder.weight")
                ->tied_to(),
            "");
}

TEST(TransformerTest, ThePoolerMayBeAbsentOnlyWhereNothingNeedsIt) {
  Architecture architecture = Small();
  architecture.pooler = true;
  EXPECT_EQ(Find(Transformer(architecture, DType::kF32), "pooler.dense.weight")
                ->optional_group(),
            "");

  architecture.pooler_optional = true;
  EXPECT_EQ(Find(Transformer(architecture, DType::kF32), "pooler.dense.weight")
                ->optional_group(),
            "pooler");
}

TEST(TransformerTest, LeavesOutTablesThatTheFamilyLacks) {
  Architecture architecture = Small();
  architecture.stack.embedding.token_types = 0;
  const Transformer transformer(architecture, DType::kBF16);

  EXPECT_EQ(transformer.stack().embeddings.token_type, nullptr);
  EXPECT_FALSE(transformer.stack().embeddings.norm.has_value());
  EXPECT_EQ(transformer.stack().embeddings.token->size_bytes(), 10 * 4 * 2);
}

TEST(TransformerTest, FusesProjectionsWhereTheRecipeSaysSo) {
  Architecture architecture = Small();
  BlockRecipe& block = architecture.stack.block;
  block.attention.layout = QkvLayout::kConcatenated;
  block.attention.num_key_value_heads = 1;
  block.attention.qkv_bias = false;
  block.mlp.kind = MlpKind::kGatedFused;
  block.weights_in_out = true;
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "layers.0.attention.qkv.weight")->shape(),
            Shape({4, 4 + 2 + 2}));
  EXPECT_EQ(Find(transformer, "layers.0.attention.qkv.bias"), nullptr);
  EXPECT_EQ(Find(transformer, "layers.0.attention.query.weight"), nullptr);
  EXPECT_EQ(Find(transformer, "layers.0.mlp.gate_up.weight")->shape(),
            Shape({4, 12}));
}

TEST(TransformerTest, NormsHaveTheParametersOfTheirKind) {
  Architecture architecture = Small();
  architecture.stack.block.norm.kind = NormKind::kRmsNorm;
  architecture.stack.block.norm_placement = NormPlacement::kSandwich;
  architecture.stack.block.first_attention_norm = false;
  architecture.stack.final_norm = NormRecipe();
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "layers.0.attention_norm.weight"), nullptr);
  EXPECT_NE(Find(transformer, "layers.1.attention_norm.weight"), nullptr);
  EXPECT_EQ(Find(transformer, "layers.1.attention_norm.bias"), nullptr);
  EXPECT_NE(Find(transformer, "layers.0.mlp_output_norm.weight"), nullptr);
  EXPECT_NE(Find(transformer, "final_norm.bias"), nullptr);
}

TEST(TransformerTest, HasARouterAndExpertsInsteadOfOneNetwork) {
  Architecture architecture = Small();
  architecture.stack.block.mlp.num_experts = 3;
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "layers.0.router.weight")->shape(),
            Shape({3, 4}));
  EXPECT_NE(Find(transformer, "layers.1.experts.2.down.weight"), nullptr);
  EXPECT_EQ(Find(transformer, "layers.0.mlp.up.weight"), nullptr);
}

TEST(TransformerTest, LayersOfAGroupShareItsBlocks) {
  Architecture architecture = Small();
  StackRecipe& stack = architecture.stack;
  stack.num_hidden_layers = 6;
  stack.num_layer_groups = 2;
  stack.blocks_per_group = 2;
  const Transformer transformer(architecture, DType::kF32);

  ASSERT_EQ(transformer.stack().blocks.size(), 4u);
  EXPECT_NE(Find(transformer, "groups.1.1.mlp.up.weight"), nullptr);
  const Block* const blocks = transformer.stack().blocks.data();
  EXPECT_EQ(BlocksOf(transformer.stack(), stack, 2).data(), blocks);
  EXPECT_EQ(BlocksOf(transformer.stack(), stack, 3).data(), blocks + 2);
  EXPECT_EQ(BlocksOf(transformer.stack(), stack, 5).size(), 2u);
}

TEST(TransformerTest, ProjectsEmbeddingsOfAnotherWidth) {
  Architecture architecture = Small();
  EmbeddingRecipe& embedding = architecture.stack.embedding;
  embedding.size = 3;
  embedding.projection = EmbeddingProjection::kSum;
  const Transformer behind(architecture, DType::kF32);
  embedding.projection = EmbeddingProjection::kTokens;
  architecture.stack.output_projection = true;
  const Transformer before(architecture, DType::kF32);

  EXPECT_EQ(Find(behind, "embeddings.position.weight")->shape(), Shape({8, 3}));
  EXPECT_NE(Find(behind, "embeddings.projection.bias"), nullptr);
  EXPECT_EQ(Find(before, "embeddings.position.weight")->shape(), Shape({8, 4}));
  EXPECT_EQ(Find(before, "embeddings.projection.bias"), nullptr);
  EXPECT_EQ(Find(before, "output_projection.weight")->shape(), Shape({3, 4}));
}

}  // namespace
}  // namespace transformerd
