#include "model/reference/embedding.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/modules/transformer.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

// Three words as vectors of two numbers, and two positions; no norm.
class EmbeddingTest : public ::testing::Test {
 protected:
  EmbeddingTest() {
    architecture_.vocab_size = 3;
    architecture_.hidden_size = 2;
    recipe().position_rows = 2;
  }

  EmbeddingRecipe& recipe() { return architecture_.stack.embedding; }

  std::vector<float> Embedded(const PackedRows& batch) {
    const Transformer transformer(architecture_, DType::kF32);
    const Embeddings& embeddings = transformer.stack().embeddings;
    Fill(*embeddings.token, tokens_);
    Fill(*embeddings.position, positions_);
    if (embeddings.projection)
      Fill(*embeddings.projection->weight, projection_);
    const at::Tensor vectors_TD =
        Embed(embeddings, recipe(), batch,
              FindTableRows(embeddings, recipe(), batch));
    const float* values = vectors_TD.const_data_ptr<float>();
    return std::vector<float>(values, values + vectors_TD.numel());
  }

  static void Fill(ParameterSlot& slot, std::vector<float>& values) {
    ASSERT_EQ(slot.size_bytes(), static_cast<int64_t>(values.size()) * 4)
        << slot.name();
    slot.Fill(reinterpret_cast<std::byte*>(values.data()));
  }

  Architecture architecture_;
  std::vector<float> tokens_ = {1, 2, 3, 4, 5, 6};
  std::vector<float> positions_ = {100, 100, 200, 200};
  std::vector<float> projection_;
};

// The words 2 and 0 of one row.
PackedRows TwoTokens() {
  PackedRows rows;
  rows.input_ids = {2, 0};
  rows.position_ids = {0, 1};
  rows.attention_mask = {1, 1};
  rows.sequence_offsets = {0, 2};
  rows.sequence_has_mask = {false};
  return rows;
}

TEST_F(EmbeddingTest, VectorsReplaceRowsOfTheTokenTableAlone) {
  PackedRows rows = TwoTokens();
  EXPECT_THAT(Embedded(rows), ElementsAre(105, 106, 201, 202));

  rows.input_ids = {kNoId, 0};
  rows.inputs_embeds = {7, 8};
  EXPECT_THAT(Embedded(rows), ElementsAre(107, 108, 201, 202));

  rows.input_ids = {kNoId, kNoId};
  rows.inputs_embeds = {7, 8, 9, 10};
  EXPECT_THAT(Embedded(rows), ElementsAre(107, 108, 209, 210));
}

TEST_F(EmbeddingTest, TheScaleIsForTheTableAlone) {
  recipe().scale = 10;
  PackedRows rows = TwoTokens();
  rows.input_ids = {2, kNoId};
  rows.inputs_embeds = {7, 8};

  EXPECT_THAT(Embedded(rows), ElementsAre(150, 160, 207, 208));
}

TEST_F(EmbeddingTest, VectorsAreProjectedAsTheTableIs) {
  recipe().size = 1;
  recipe().projection = EmbeddingProjection::kTokens;
  tokens_ = {1, 2, 3};
  projection_ = {1, -1};
  PackedRows rows = TwoTokens();
  const std::vector<float> by_ids = Embedded(rows);
  EXPECT_THAT(by_ids, ElementsAre(103, 97, 201, 199));

  rows.input_ids = {kNoId, kNoId};
  rows.inputs_embeds = {3, 1};

  EXPECT_THAT(Embedded(rows), ElementsAreArray(by_ids));
}

}  // namespace
}  // namespace transformerd
