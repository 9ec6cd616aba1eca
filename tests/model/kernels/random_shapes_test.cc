// Kernels of shapes and options that are drawn at random, the same each time.
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/attention_case.h"
#include "tests/model/kernels/linear_case.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/variants.h"

namespace transformerd::kernels {
namespace {

constexpr uint32_t kCases = 300;

class RandomLinearTest : public KernelTest {};
class RandomAttentionTest : public KernelTest {};

INSTANTIATE_TEST_SUITE_P(All, RandomLinearTest,
                         ::testing::ValuesIn(LinearVariants()), NameOfVariant);
INSTANTIATE_TEST_SUITE_P(All, RandomAttentionTest,
                         ::testing::ValuesIn(Variants()), NameOfVariant);

// Small more often than large.
int64_t Size(Numbers& numbers, int64_t largest) {
  return numbers.Integer(1, numbers.Integer(1, largest));
}

LinearCase RandomLinear(Numbers& numbers) {
  LinearCase linear;
  linear.rows = Size(numbers, 40);
  linear.in = Size(numbers, 300);
  linear.out = Size(numbers, 300);
  linear.bias = numbers.Coin();
  linear.gate = numbers.Coin();
  linear.activation = static_cast<Activation>(
      numbers.Integer(0, static_cast<int64_t>(Activation::kTanh)));
  if (numbers.Integer(0, 3) == 0) linear.softcap = 30;
  linear.to = static_cast<Destination>(numbers.Integer(0, 2));
  if (linear.to == Destination::kPanels && numbers.Coin()) {
    linear.head_size = Size(numbers, 100);
    linear.out = linear.head_size * numbers.Integer(1, 5);
  }
  const int64_t blocks = NumBlocks(linear.out);
  linear.first_block = numbers.Integer(0, blocks);
  linear.end_block = numbers.Integer(linear.first_block, blocks);
  return linear;
}

AttentionCase RandomAttention(Numbers& numbers) {
  AttentionCase attention;
  attention.queries = Size(numbers, 100);
  const bool is_square = numbers.Integer(0, 3) > 0;
  attention.keys = is_square ? attention.queries : Size(numbers, 700);
  attention.head_size = Size(numbers, 140);
  attention.heads = Size(numbers, 4);
  if (numbers.Coin()) attention.before = numbers.Integer(0, 80);
  if (numbers.Coin()) attention.after = numbers.Integer(0, 80);
  if (numbers.Integer(0, 3) == 0) attention.softcap = 5;
  attention.key_mask = numbers.Integer(0, 3) == 0;
  attention.masked_see_all = is_square && numbers.Coin();
  attention.distance_bias = numbers.Integer(0, 3) == 0;
  attention.distance_key = numbers.Integer(0, 2) == 0;
  attention.distance_query = numbers.Integer(0, 2) == 0;
  attention.num_distances = Size(numbers, 40);
  if (numbers.Integer(0, 3) == 0) attention.score_size = 20;
  return attention;
}

TEST_P(RandomLinearTest, EqualsItsTwin) {
  Numbers numbers(1);
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    ASSERT_TRUE(EqualsTwin(GetParam(), RandomLinear(numbers), seed)) << seed;
  }
}

TEST_P(RandomAttentionTest, EqualsItsTwin) {
  Numbers numbers(2);
  for (uint32_t seed = 0; seed < kCases; ++seed) {
    const AttentionInput input = MakeInput(RandomAttention(numbers), seed);
    AttentionPlace place;
    place.rows_around = numbers.Integer(0, 5);
    place.first_column = numbers.Coin() ? 0 : numbers.Integer(0, 70);
    place.keeps_probabilities = numbers.Integer(0, 3) == 0;
    ASSERT_TRUE(EqualsTwin(GetParam(), input, place)) << seed;
  }
}

}  // namespace
}  // namespace transformerd::kernels
