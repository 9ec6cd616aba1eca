#include "model/loading/cast.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "c10/util/Float8_e4m3fn.h"
#include "c10/util/Float8_e4m3fnuz.h"
#include "c10/util/Float8_e5m2.h"
#include "c10/util/Float8_e5m2fnuz.h"
#include "c10/util/Float8_e8m0fnu.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

template <typename To, typename From>
std::vector<To> CastAll(DType from, const std::vector<From>& in, DType to) {
  std::vector<To> out(in.size());
  Cast(
      from,
      {reinterpret_cast<const std::byte*>(in.data()), in.size() * sizeof(From)},
      to, {reinterpret_cast<std::byte*>(out.data()), out.size() * sizeof(To)});
  return out;
}

float DecodeOne(DType from, uint16_t stored) {
  return CastAll<float>(from, std::vector<uint16_t>{stored}, DType::kF32)[0];
}

uint16_t EncodeOne(DType to, float value) {
  return CastAll<uint16_t>(DType::kF32, std::vector<float>{value}, to)[0];
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(CastTest, IsThereFromWholeBytesToFourFloatingPointTypes) {
  EXPECT_TRUE(CanCast(DType::kF16, DType::kF32));
  EXPECT_TRUE(CanCast(DType::kF64, DType::kBF16));
  EXPECT_FALSE(CanCast(DType::kF32, DType::kF32));
  EXPECT_FALSE(CanCast(DType::kI64, DType::kF32));
  EXPECT_FALSE(CanCast(DType::kF32, DType::kI8));
  EXPECT_TRUE(CanCast(DType::kF8E4M3, DType::kF32));
  EXPECT_FALSE(CanCast(DType::kF32, DType::kF8E4M3));
  EXPECT_FALSE(CanCast(DType::kF4, DType::kF32));
  EXPECT_FALSE(CanCast(DType::kF6E2M3, DType::kF32));
}

TEST(CastTest, DecodesKnownHalves) {
  EXPECT_EQ(DecodeOne(DType::kF16, 0x3c00), 1.0f);
  EXPECT_EQ(DecodeOne(DType::kF16, 0xc000), -2.0f);
  EXPECT_EQ(DecodeOne(DType::kF16, 0x7bff), 65504.0f);
  EXPECT_EQ(DecodeOne(DType::kF16, 0x0001), 0x1p-24f);
  EXPECT_EQ(DecodeOne(DType::kF16, 0x03ff), 1023 * 0x1p-24f);
  EXPECT_EQ(DecodeOne(DType::kF16, 0xfc00), -kInfinity);
  EXPECT_TRUE(std::isnan(DecodeOne(DType::kF16, 0x7e01)));
  EXPECT_TRUE(std::signbit(DecodeOne(DType::kF16, 0x8000)));
}

TEST(CastTest, DecodesKnownBfloats) {
  EXPECT_EQ(DecodeOne(DType::kBF16, 0x3f80), 1.0f);
  EXPECT_EQ(DecodeOne(DType::kBF16, 0xc000), -2.0f);
  EXPECT_EQ(DecodeOne(DType::kBF16, 0x7f80), kInfinity);
  EXPECT_TRUE(std::isnan(DecodeOne(DType::kBF16, 0x7fc0)));
}

// One of the formats of 8 bits, and what LibTorch makes of a value.
struct EightBitCase {
  DType dtype;
  float (*expected)(uint8_t stored);
};

template <typename Float8>
EightBitCase MakeEightBitCase(DType dtype) {
  return {dtype, [](uint8_t stored) {
            return static_cast<float>(Float8(stored, Float8::from_bits()));
          }};
}

class EightBitTest : public testing::TestWithParam<EightBitCase> {};

TEST_P(EightBitTest, DecodesEveryValueAsLibTorch) {
  for (int stored = 0; stored < 0x100; ++stored) {
    const std::vector<uint8_t> in = {static_cast<uint8_t>(stored)};
    const float value = CastAll<float>(GetParam().dtype, in, DType::kF32)[0];
    const float expected = GetParam().expected(in[0]);
    if (std::isnan(expected)) {
      EXPECT_TRUE(std::isnan(value)) << stored;
    } else {
      EXPECT_EQ(value, expected) << stored;
      EXPECT_EQ(std::signbit(value), std::signbit(expected)) << stored;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Formats, EightBitTest,
    testing::Values(MakeEightBitCase<c10::Float8_e5m2>(DType::kF8E5M2),
                    MakeEightBitCase<c10::Float8_e4m3fn>(DType::kF8E4M3),
                    MakeEightBitCase<c10::Float8_e8m0fnu>(DType::kF8E8M0),
                    MakeEightBitCase<c10::Float8_e4m3fnuz>(DType::kF8E4M3FNUZ),
                    MakeEightBitCase<c10::Float8_e5m2fnuz>(DType::kF8E5M2FNUZ)),
    [](const testing::TestParamInfo<EightBitCase>& info) {
      return std::string(NameOf(info.param.dtype));
    });

class SixteenBitTest : public testing::TestWithParam<DType> {};

TEST_P(SixteenBitTest, EveryValueSurvivesTheWayToFloatAndBack) {
  for (int stored = 0; stored < 0x10000; ++stored) {
    const float value = DecodeOne(GetParam(), stored);
    if (std::isnan(value)) {
      EXPECT_TRUE(
          std::isnan(DecodeOne(GetParam(), EncodeOne(GetParam(), value))));
    } else {
      ASSERT_EQ(EncodeOne(GetParam(), value), stored);
    }
  }
}

// Between each two neighbours: the middle goes to the even one, and the floats
// next to the middle to the nearer one.
TEST_P(SixteenBitTest, RoundsToTheNearestAndTiesToEven) {
  for (int low = 0; low < 0x7fff; ++low) {
    const double below = DecodeOne(GetParam(), low);
    const double above = DecodeOne(GetParam(), low + 1);
    if (!std::isfinite(above)) break;
    const float middle = static_cast<float>((below + above) / 2);
    ASSERT_EQ(EncodeOne(GetParam(), middle), low + low % 2) << below;
    ASSERT_EQ(EncodeOne(GetParam(), std::nextafter(middle, -kInfinity)), low);
    ASSERT_EQ(EncodeOne(GetParam(), std::nextafter(middle, kInfinity)),
              low + 1);
    ASSERT_EQ(EncodeOne(GetParam(), -middle), 0x8000 | (low + low % 2));
  }
}

TEST_P(SixteenBitTest, NoNanBecomesInfinity) {
  uint32_t bits = 0x7f800001;  // the payload lies in what is cut off
  float nan;
  std::memcpy(&nan, &bits, sizeof(nan));
  EXPECT_TRUE(std::isnan(DecodeOne(GetParam(), EncodeOne(GetParam(), nan))));
  EXPECT_EQ(DecodeOne(GetParam(), EncodeOne(GetParam(), -kInfinity)),
            -kInfinity);
}

INSTANTIATE_TEST_SUITE_P(Formats, SixteenBitTest,
                         testing::Values(DType::kF16, DType::kBF16));

TEST(CastTest, WhatIsTooLargeBecomesInfinite) {
  EXPECT_EQ(EncodeOne(DType::kF16, 65519.0f), 0x7bff);
  EXPECT_EQ(EncodeOne(DType::kF16, 65520.0f), 0x7c00);
  EXPECT_EQ(EncodeOne(DType::kF16, -1e30f), 0xfc00);
  EXPECT_EQ(EncodeOne(DType::kBF16, std::numeric_limits<float>::max()), 0x7f80);
}

TEST(CastTest, ConvertsDoubles) {
  const std::vector<double> in = {1.5, -2.25, 1e300};
  EXPECT_EQ(CastAll<float>(DType::kF64, in, DType::kF32),
            (std::vector<float>{1.5f, -2.25f, kInfinity}));
  EXPECT_EQ(CastAll<double>(DType::kF32, std::vector<float>{0.1f}, DType::kF64),
            std::vector<double>{0.1f});
}

TEST(CastTest, ConvertsBetweenTheSixteenBitTypes) {
  EXPECT_EQ(CastAll<uint16_t>(DType::kF16, std::vector<uint16_t>{0x3c00},
                              DType::kBF16),
            std::vector<uint16_t>{0x3f80});
}

TEST(CastDeathTest, RefusesBuffersThatDoNotMatch) {
  std::vector<std::byte> in(8), out(5);
  EXPECT_DEATH(Cast(DType::kF32, in, DType::kF16, absl::MakeSpan(out)),
               "out.size");
}

}  // namespace
}  // namespace transformerd
