#include "model/modules/transformer.h"

#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

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

// Which block each layer runs.
std::vector<int64_t> BlocksOfLayers(const Transformer& transformer,
                                    const StackRecipe& recipe) {
  std::vector<int64_t> blocks;
  for (int64_t layer = 0; layer < recipe.num_hidden_layers; ++layer) {
    blocks.push_back(&BlockOf(transformer.stack(), recipe, layer) -
                     transformer.stack().blocks.data());
  }
  return blocks;
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
  // Three runs of two blocks: two runs of the first group, one of the second.
  EXPECT_THAT(BlocksOfLayers(transformer, stack),
              ElementsAre(0, 1, 0, 1, 2, 3));
}

TEST(TransformerTest, FewerLayersStillFindTheirBlocks) {
  Architecture architecture = Small();
  StackRecipe& stack = architecture.stack;
  stack.num_layer_groups = 2;
  stack.blocks_per_group = 2;
  stack.num_hidden_layers = 3;
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_THAT(BlocksOfLayers(transformer, stack), ElementsAre(0, 1, 2));
}

TEST(TransformerTest, DistancesHaveATableAndProjectionsOfTheirOwn) {
  Architecture architecture = Small();
  DisentangledRecipe& recipe = architecture.stack.disentangled.emplace();
  recipe.span = 5;
  recipe.content_to_position = true;
  recipe.norm = NormRecipe();
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "distances.weight")->shape(), Shape({10, 4}));
  EXPECT_NE(Find(transformer, "distance_norm.bias"), nullptr);
  EXPECT_NE(Find(transformer, "layers.1.attention.position_key.bias"), nullptr);
  EXPECT_EQ(Find(transformer, "layers.1.attention.position_query.bias"),
            nullptr);

  recipe.shares_projections = true;
  EXPECT_EQ(Find(Transformer(architecture, DType::kF32),
                 "layers.1.attention.position_key.bias"),
            nullptr);
}

TEST(TransformerTest, AConvolutionLooksAtTheChannelsOfItsGroup) {
  Architecture architecture = Small();
  architecture.stack.convolution = ConvolutionRecipe{/*kernel_size=*/3,
                                                     /*groups=*/2};
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "convolution.weight")->shape(), Shape({4, 2, 3}));
  EXPECT_NE(Find(transformer, "convolution_norm.weight"), nullptr);
}

TEST(TransformerTest, APoolerThatPicksATokenHasNoParameters) {
  Architecture architecture = Small();
  architecture.pooler = true;
  architecture.pooler_dense = false;
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "pooler.dense.weight"), nullptr);
  EXPECT_FALSE(transformer.pooler().has_value());
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
  architecture.stack.output_projection = false;
  embedding.projection = EmbeddingProjection::kBeforeNorm;
  embedding.norm = NormRecipe();
  const Transformer between(architecture, DType::kF32);

  EXPECT_EQ(Find(between, "embeddings.position.weight")->shape(),
            Shape({8, 3}));
  EXPECT_EQ(Find(between, "embeddings.norm.weight")->shape(), Shape({4}));
  EXPECT_EQ(Find(between, "embeddings.projection.bias"), nullptr);
  EXPECT_EQ(Find(behind, "embeddings.position.weight")->shape(), Shape({8, 3}));
  EXPECT_NE(Find(behind, "embeddings.projection.bias"), nullptr);
  EXPECT_EQ(Find(before, "embeddings.position.weight")->shape(), Shape({8, 4}));
  EXPECT_EQ(Find(before, "embeddings.projection.bias"), nullptr);
  EXPECT_EQ(Find(before, "output_projection.weight")->shape(), Shape({3, 4}));
}

class EncoderDecoderTest : public testing::Test {
 protected:
  EncoderDecoderTest() {
    architecture_ = Small(HeadKind::kCausalLm);
    architecture_.decoder = architecture_.stack;
    architecture_.decoder->num_hidden_layers = 1;
    architecture_.decoder->block.cross_attention = true;
  }

  Architecture architecture_;
};

TEST_F(EncoderDecoderTest, TheDecodersBlocksLookAtTheEncoder) {
  const Transformer transformer(architecture_, DType::kF32);

  ASSERT_TRUE(transformer.decoder().has_value());
  EXPECT_TRUE(transformer.decoder()->blocks[0].cross_attention.has_value());
  EXPECT_FALSE(transformer.stack().blocks[0].cross_attention.has_value());
  for (const char* name : {"decoder.layers.0.cross_attention.query.weight",
                           "decoder.layers.0.cross_attention_norm.bias",
                           "decoder.embeddings.position.weight"}) {
    EXPECT_NE(Find(transformer, name), nullptr) << name;
  }
  EXPECT_EQ(Find(transformer, "decoder.layers.1.mlp.up.weight"), nullptr);
}

TEST_F(EncoderDecoderTest, OneTableIsSharedByStacksAndHead) {
  architecture_.shared_embedding = true;
  const Transformer transformer(architecture_, DType::kF32);

  EXPECT_EQ(Find(transformer, "shared.weight")->shape(), Shape({10, 4}));
  EXPECT_EQ(Find(transformer, "shared.weight")->tied_to(), "");
  for (const char* name :
       {"embeddings.token.weight", "decoder.embeddings.token.weight",
        "head.decoder.weight"}) {
    EXPECT_EQ(Find(transformer, name)->tied_to(), "shared.weight") << name;
  }
}

TEST_F(EncoderDecoderTest, WithoutASharedTableEachStackHasItsOwn) {
  architecture_.tie_word_embeddings = false;
  const Transformer transformer(architecture_, DType::kF32);

  EXPECT_EQ(Find(transformer, "shared.weight"), nullptr);
  for (const char* name :
       {"embeddings.token.weight", "decoder.embeddings.token.weight",
        "head.decoder.weight"}) {
    EXPECT_EQ(Find(transformer, name)->tied_to(), "") << name;
  }
}

TEST_F(EncoderDecoderTest, ALateBiasMayBeAbsent) {
  architecture_.head.output_bias = false;
  architecture_.head.late_bias = true;
  const Transformer transformer(architecture_, DType::kF32);

  EXPECT_EQ(Find(transformer, "head.late_bias")->shape(), Shape({1, 10}));
  EXPECT_NE(Find(transformer, "head.late_bias")->optional_group(), "");
  EXPECT_EQ(Find(transformer, "head.decoder.bias"), nullptr);
}

TEST(TransformerTest, AnImageIsEmbeddedByPatchesAndPositions) {
  Architecture architecture = Small();
  architecture.input = ModelInput::kPixels;
  architecture.stack.embedding = {};
  PatchRecipe& patches = architecture.stack.embedding.patches.emplace();
  patches.channels = 3;
  patches.image_height = patches.image_width = 8;
  patches.patch_height = 4;
  patches.patch_width = 2;
  const Transformer transformer(architecture, DType::kF32);

  EXPECT_EQ(Find(transformer, "embeddings.class_token")->shape(),
            Shape({1, 1, 4}));
  EXPECT_EQ(Find(transformer, "embeddings.position")->shape(),
            Shape({1, 9, 4}));
  EXPECT_EQ(Find(transformer, "embeddings.patch.weight")->shape(),
            Shape({4, 3, 4, 2}));
  EXPECT_EQ(Find(transformer, "embeddings.token.weight"), nullptr);
}

}  // namespace
}  // namespace transformerd
