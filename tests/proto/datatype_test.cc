#include "proto/datatype.h"

#include <optional>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

constexpr DType kAll[] = {DType::kBool, DType::kU8,  DType::kU16, DType::kU32,
                          DType::kU64,  DType::kI8,  DType::kI16, DType::kI32,
                          DType::kI64,  DType::kF16, DType::kF32, DType::kF64,
                          DType::kBF16};

TEST(DatatypeTest, GivesTheNamesOfTheProtocol) {
  EXPECT_EQ(DatatypeName(DType::kI64), "INT64");
  EXPECT_EQ(DatatypeName(DType::kU8), "UINT8");
  EXPECT_EQ(DatatypeName(DType::kF16), "FP16");
  EXPECT_EQ(DatatypeName(DType::kBF16), "BF16");
}

TEST(DatatypeTest, EveryNameLeadsBackToItsType) {
  for (DType dtype : kAll) {
    EXPECT_EQ(DTypeFromDatatype(DatatypeName(dtype)), dtype) << NameOf(dtype);
  }
}

TEST(DatatypeTest, HasNoNameForTypesThatTheProtocolLacks) {
  for (DType dtype : {DType::kC64, DType::kF8E4M3, DType::kF4}) {
    EXPECT_EQ(DatatypeName(dtype), "") << NameOf(dtype);
  }
}

TEST(DatatypeTest, KnowsNoOtherNames) {
  for (const char* name :
       {"", "BYTES", "int64", "INT64 ", "F32", "TYPE_FP32"}) {
    EXPECT_EQ(DTypeFromDatatype(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace transformerd
