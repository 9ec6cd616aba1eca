#include "model/runtime/inference.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Rows 5 6 7 and 8, the first of which begins with padding.
InferenceInput TwoRows() {
  InferenceInput input;
  input.batch = 2;
  input.width = 4;
  input.lengths = {3, 1};
  input.input_ids = {5, 6, 7, 8};
  input.attention_mask = {0, 1, 1, 1};
  return input;
}

TEST(InferenceInputTest, AllRowsAreComputed) {
  InferenceInput input = TwoRows();
  EXPECT_EQ(input.total_tokens(), 4);

  input.decoder.lengths = {2, 5};

  EXPECT_EQ(input.num_tokens(), 4);
  EXPECT_EQ(input.total_tokens(), 11);
}

TEST(ShiftRightTest, EachRowStandsBehindTheStartWithoutItsLastToken) {
  const TokenRows shifted = ShiftRight(TwoRows(), /*start=*/2);

  EXPECT_EQ(shifted.batch, 2);
  EXPECT_EQ(shifted.width, 4);
  EXPECT_THAT(shifted.lengths, ElementsAre(3, 1));
  EXPECT_THAT(shifted.input_ids, ElementsAre(2, 5, 6, 2));
  EXPECT_THAT(shifted.attention_mask, IsEmpty());
}

}  // namespace
}  // namespace transformerd
