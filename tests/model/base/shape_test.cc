#include "model/base/shape.h"

#include <cstdint>
#include <limits>
#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(CheckedArithmeticTest, GivesResultsThatFit) {
  EXPECT_THAT(CheckedAdd(kMax - 1, 1), Optional(kMax));
  EXPECT_THAT(CheckedMultiply(kMax / 2, 2), Optional(kMax - 1));
  EXPECT_THAT(CheckedMultiply(0, kMax), Optional(0));
}

TEST(CheckedArithmeticTest, GivesNothingOnOverflow) {
  EXPECT_THAT(CheckedAdd(kMax, 1), Eq(std::nullopt));
  EXPECT_THAT(CheckedMultiply(int64_t{1} << 32, int64_t{1} << 31),
              Eq(std::nullopt));
}

TEST(NumElementsTest, MultipliesExtents) {
  EXPECT_THAT(NumElements({2, 3, 4}), Optional(24));
  EXPECT_THAT(NumElements({}), Optional(1));
  EXPECT_THAT(NumElements({5, 0, 7}), Optional(0));
}

TEST(NumElementsTest, RefusesNegativeExtentsAndOverflow) {
  EXPECT_THAT(NumElements({2, -1}), Eq(std::nullopt));
  EXPECT_THAT(NumElements({kMax, 3}), Eq(std::nullopt));
}

TEST(SizeBytesTest, CountsWholeBytes) {
  EXPECT_THAT(SizeBytes(DType::kF32, {2, 3}), Optional(24));
  EXPECT_THAT(SizeBytes(DType::kI64, {}), Optional(8));
  EXPECT_THAT(SizeBytes(DType::kF4, {6}), Optional(3));
}

TEST(SizeBytesTest, RefusesPartsOfBytesAndOverflowInBytes) {
  EXPECT_THAT(SizeBytes(DType::kF4, {3}), Eq(std::nullopt));
  EXPECT_THAT(SizeBytes(DType::kF32, {int64_t{1} << 62}), Eq(std::nullopt));
}

TEST(ShapeToStringTest, ListsExtents) {
  EXPECT_EQ(ToString(Shape{2, 384}), "[2,384]");
  EXPECT_EQ(ToString(Shape{}), "[]");
}

}  // namespace
}  // namespace transformerd
