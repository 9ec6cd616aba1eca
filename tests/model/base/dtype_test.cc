#include "model/base/dtype.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Eq;
using ::testing::Optional;

constexpr int kNumDTypes = 22;

TEST(DTypeTest, EveryNameLeadsBackToItsDType) {
  std::set<std::string> names;
  for (int i = 0; i < kNumDTypes; ++i) {
    const DType dtype = static_cast<DType>(i);

    EXPECT_THAT(DTypeFromName(NameOf(dtype)), Optional(dtype));
    names.insert(std::string(NameOf(dtype)));
  }
  EXPECT_EQ(names.size(), kNumDTypes);
}

TEST(DTypeTest, NamesAreThoseOfSafetensors) {
  EXPECT_EQ(NameOf(DType::kBool), "BOOL");
  EXPECT_EQ(NameOf(DType::kBF16), "BF16");
  EXPECT_EQ(NameOf(DType::kF8E4M3), "F8_E4M3");
  EXPECT_EQ(NameOf(DType::kU64), "U64");
}

TEST(DTypeTest, UnknownNamesHaveNoDType) {
  for (const char* name : {"", "f32", "F32 ", "Q7", "F128"}) {
    EXPECT_THAT(DTypeFromName(name), Eq(std::nullopt)) << name;
  }
}

TEST(DTypeTest, SizesAreInBitsAndBytes) {
  EXPECT_EQ(BitsOf(DType::kF4), 4);
  EXPECT_EQ(BitsOf(DType::kF6E3M2), 6);
  EXPECT_EQ(BytesOf(DType::kBool), 1);
  EXPECT_EQ(BytesOf(DType::kBF16), 2);
  EXPECT_EQ(BytesOf(DType::kF32), 4);
  EXPECT_EQ(BytesOf(DType::kC64), 8);
}

TEST(DTypeDeathTest, SubByteElementsHaveNoSizeInBytes) {
  EXPECT_DEATH(BytesOf(DType::kF4), "F4");
}

TEST(DTypeTest, OnlyRealFloatingPointTypesMayHoldParameters) {
  for (const DType dtype :
       {DType::kF8E5M2, DType::kF16, DType::kBF16, DType::kF32, DType::kF64}) {
    EXPECT_TRUE(IsFloatingPoint(dtype)) << NameOf(dtype);
  }
  for (const DType dtype :
       {DType::kBool, DType::kU8, DType::kI64, DType::kU64, DType::kC64}) {
    EXPECT_FALSE(IsFloatingPoint(dtype)) << NameOf(dtype);
  }
}

}  // namespace
}  // namespace transformerd
