#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/linear_case.h"
#include "tests/model/kernels/variants.h"

namespace transformerd::kernels {
namespace {

class LinearTest : public KernelTest {};

INSTANTIATE_TEST_SUITE_P(All, LinearTest, ::testing::ValuesIn(LinearVariants()),
                         NameOfVariant);

TEST_P(LinearTest, TakesAnyNumberOfRows) {
  for (int64_t rows = 1; rows <= 20; ++rows) {
    EXPECT_TRUE(EqualsTwin(GetParam(), {rows, 40, 100, /*bias=*/true}, 1));
  }
  EXPECT_TRUE(EqualsTwin(GetParam(), {257, 40, 100, /*bias=*/true}, 1));
}

TEST_P(LinearTest, TakesAnyNumbersOfColumns) {
  const int64_t sizes[] = {1,  2,  15, 16, 17, 31, 32,  33,
                           47, 48, 49, 53, 95, 97, 143, 149};
  for (const int64_t in : sizes) {
    for (const int64_t out : sizes) {
      EXPECT_TRUE(EqualsTwin(GetParam(), {7, in, out, /*bias=*/true}, 2));
    }
  }
}

TEST_P(LinearTest, IsExactForLongRows) {
  EXPECT_TRUE(EqualsTwin(GetParam(), {3, 4096, 97}, 3));
  EXPECT_TRUE(EqualsTwin(GetParam(), {3, 97, 4096}, 3));
}

// Where products are made in chunks, each tile's sums are taken up again.
TEST_P(LinearTest, IsExactForManyLongRows) {
  for (const bool gate : {false, true}) {
    for (const int64_t rows : {33, 70, 300}) {
      LinearCase linear = {rows, 1000, 100, /*bias=*/true, gate};
      EXPECT_TRUE(EqualsTwin(GetParam(), linear, 11));
    }
  }
}

TEST_P(LinearTest, WritesToRowsAndAddsToThem) {
  for (const Destination to : {Destination::kRows, Destination::kAddToRows}) {
    for (const int64_t out : {1, 16, 19, 48, 50, 96}) {
      LinearCase linear = {9, 20, out, /*bias=*/true};
      linear.to = to;
      EXPECT_TRUE(EqualsTwin(GetParam(), linear, 4));
    }
  }
}

TEST_P(LinearTest, CutsColumnsIntoHeads) {
  for (const int64_t head_size : {1, 5, 8, 16, 20, 32, 64, 80, 128}) {
    LinearCase linear = {9, 20, 3 * head_size, /*bias=*/true};
    linear.head_size = head_size;
    EXPECT_TRUE(EqualsTwin(GetParam(), linear, 5));
  }
}

TEST_P(LinearTest, MultipliesByTheActivatedGate) {
  for (const Destination to :
       {Destination::kPanels, Destination::kRows, Destination::kAddToRows}) {
    for (const bool bias : {false, true}) {
      LinearCase linear = {9, 20, 50, bias};
      linear.gate = true;
      linear.activation = Activation::kSilu;
      linear.to = to;
      EXPECT_TRUE(EqualsTwin(GetParam(), linear, 6));
    }
  }
}

TEST_P(LinearTest, CapsWhatComesOut) {
  for (const bool gate : {false, true}) {
    LinearCase linear = {9, 20, 50, /*bias=*/true, gate};
    linear.softcap = 3;
    linear.to = Destination::kRows;
    EXPECT_TRUE(EqualsTwin(GetParam(), linear, 7));
  }
}

TEST_P(LinearTest, ActivatesWhatItGives) {
  constexpr auto kLast = static_cast<int>(Activation::kTanh);
  for (int i = 0; i <= kLast; ++i) {
    LinearCase linear = {9, 20, 50, /*bias=*/true};
    linear.activation = static_cast<Activation>(i);
    EXPECT_TRUE(EqualsTwin(GetParam(), linear, 8));
    linear.to = Destination::kRows;
    EXPECT_TRUE(EqualsTwin(GetParam(), linear, 8));
  }
}

TEST_P(LinearTest, ComputesNoOtherBlocksThanItIsAskedFor) {
  const int64_t blocks = NumBlocks(170);
  for (int64_t first = 0; first < blocks; ++first) {
    for (int64_t end = first; end <= blocks; ++end) {
      LinearCase linear = {9, 20, 170, /*bias=*/true};
      linear.first_block = first;
      linear.end_block = end;
      EXPECT_TRUE(EqualsTwin(GetParam(), linear, 9));
      linear.to = Destination::kAddToRows;
      EXPECT_TRUE(EqualsTwin(GetParam(), linear, 9));
    }
  }
}

TEST_P(LinearTest, OfNoRowsWritesNothing) {
  EXPECT_TRUE(EqualsTwin(GetParam(), {0, 20, 50}, 10));
}

}  // namespace
}  // namespace transformerd::kernels
