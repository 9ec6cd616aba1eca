// Which batches and recipes are attended to in one call: on the fake GPU.
#include "model/reference/attention_context.h"

#include <vector>

#include "gtest/gtest.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

constexpr bool kPlain = false, kMasked = true;

struct Row {
  int64_t length;
  bool has_mask;
};

PackedRows RowsOf(const std::vector<Row>& rows) {
  PackedRows packed;
  for (const Row& row : rows) {
    packed.sequence_offsets.push_back(packed.num_tokens() + row.length);
    packed.sequence_has_mask.push_back(row.has_mask);
  }
  return packed;
}

StackRecipe PlainRecipe() {
  StackRecipe recipe;
  recipe.num_hidden_layers = 2;
  recipe.num_attention_heads = 2;
  recipe.head_size = 8;
  return recipe;
}

PackedKernel KernelOf(const StackRecipe& recipe, const PackedRows& rows,
                      const at::TensorOptions& options, int64_t layer = 0) {
  const Stack stack;
  const AttentionInputs inputs = MakeAttentionInputs(recipe, rows);
  return AttentionContext(recipe, stack, rows, inputs, options).KernelOf(layer);
}

const at::TensorOptions kHalfOnGpu =
    at::TensorOptions(at::kHalf).device(at::Device(at::kCUDA, 0));

TEST(KernelOfTest, DependsOnWhereWeightsAreAndTheirDtype) {
  const PackedRows rows = RowsOf({{3, kPlain}, {5, kPlain}});
  EXPECT_EQ(KernelOf(PlainRecipe(), rows, kHalfOnGpu), PackedKernel::kFlash);
  EXPECT_EQ(KernelOf(PlainRecipe(), rows, kHalfOnGpu.dtype(at::kFloat)),
            PackedKernel::kMemoryEfficient);
  EXPECT_EQ(KernelOf(PlainRecipe(), rows, at::kHalf), PackedKernel::kNone);
}

TEST(KernelOfTest, OneRowThatNothingMasksIsEnough) {
  EXPECT_EQ(
      KernelOf(PlainRecipe(), RowsOf({{3, kMasked}, {5, kPlain}}), kHalfOnGpu),
      PackedKernel::kFlash);
  EXPECT_EQ(
      KernelOf(PlainRecipe(), RowsOf({{3, kMasked}, {5, kMasked}}), kHalfOnGpu),
      PackedKernel::kNone);
}

TEST(KernelOfTest, CappedScoresAreBeyondTheOperators) {
  StackRecipe recipe = PlainRecipe();
  recipe.block.attention.softcap = 30;
  EXPECT_EQ(KernelOf(recipe, RowsOf({{3, kPlain}}), kHalfOnGpu),
            PackedKernel::kNone);
}

TEST(KernelOfTest, BiasesByDistanceAreBeyondTheOperators) {
  Architecture architecture;
  architecture.vocab_size = 4;
  architecture.hidden_size = 16;
  architecture.stack = PlainRecipe();
  architecture.stack.intermediate_size = 4;
  architecture.stack.block.attention.relative_bias.table_rows = 32;
  const Transformer transformer(architecture, DType::kF16);
  const PackedRows rows = RowsOf({{3, kPlain}});
  const AttentionInputs inputs = MakeAttentionInputs(architecture.stack, rows);
  EXPECT_EQ(AttentionContext(architecture.stack, transformer.stack(), rows,
                             inputs, kHalfOnGpu)
                .KernelOf(/*layer=*/0),
            PackedKernel::kNone);
}

TEST(KernelOfTest, EachLayerHasItsOwnWindow) {
  StackRecipe recipe = PlainRecipe();
  recipe.variants.resize(2);
  recipe.variants[1].span = {/*before=*/2, /*after=*/2};
  recipe.variant_of_layer = {0, 1};
  const at::TensorOptions options = kHalfOnGpu.dtype(at::kFloat);

  EXPECT_EQ(KernelOf(recipe, RowsOf({{4, kPlain}}), options, /*layer=*/0),
            PackedKernel::kMemoryEfficient);
  EXPECT_EQ(KernelOf(recipe, RowsOf({{4, kPlain}}), options, /*layer=*/1),
            PackedKernel::kNone);
  // No row reaches beyond it.
  EXPECT_EQ(KernelOf(recipe, RowsOf({{3, kPlain}}), options, /*layer=*/1),
            PackedKernel::kMemoryEfficient);
}

}  // namespace
}  // namespace transformerd
