#include "model/kernels/quantize_weight.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

// Of outputs and of inputs: one, primes, and what lies around a vector, a panel
// of either dtype and of bytes, one block and two.
constexpr int64_t kSizes[] = {1,  2,  13, 15, 16, 17, 31, 32,  33,
                              47, 48, 49, 61, 64, 65, 97, 128, 129};

// A packed weight of I8, number by number as layout.h draws it.
class PackedReader {
 public:
  PackedReader(int64_t out, int64_t in, const std::vector<std::byte>& packed)
      : in_(in), packed_(packed), width_((out + 15) / 16 * 16) {}

  int64_t padded_out() const { return width_; }
  int64_t padded_in() const { return (in_ + 63) / 64 * 64; }
  int Weight(int64_t out, int64_t k) const {
    const int64_t first = out / 48 * 48;
    const int64_t width = std::min<int64_t>(48, width_ - first);
    const int64_t units = padded_in() / 4;
    const int64_t unit = first * units + k / 4 * width + out - first;
    return static_cast<int8_t>(packed_[unit * 4 + k % 4]);
  }
  float Scale(int64_t out) const { return Number<float>(0, out); }
  int32_t Sum(int64_t out) const { return Number<int32_t>(width_, out); }

 private:
  template <typename T>
  T Number(int64_t behind, int64_t out) const {
    T number;
    const int64_t begin = width_ * padded_in() + (behind + out) * 4;
    std::memcpy(&number, packed_.data() + begin, sizeof(number));
    return number;
  }

  const int64_t in_;
  const std::vector<std::byte>& packed_;
  const int64_t width_;
};

Matrix RandomWeight(int64_t out, int64_t in, DType dtype) {
  Numbers numbers(static_cast<uint32_t>(out * 1000 + in));
  Matrix weight(out, in);
  for (double& w : weight.values) {
    w = RoundTo(dtype, static_cast<double>(numbers.Integer(-1000, 1000)) / 512);
  }
  return weight;
}

double LargestOf(const Matrix& weight, int64_t out) {
  double largest = 0;
  for (int64_t k = 0; k < weight.columns; ++k) {
    largest = std::max(largest, std::abs(weight.at(out, k)));
  }
  return largest;
}

class QuantizeWeightTest : public ::testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(All, QuantizeWeightTest,
                         ::testing::Values(DType::kF32, DType::kBF16));

TEST_P(QuantizeWeightTest, EachWeightIsTheNearestStepOfItsOutput) {
  for (const int64_t out : kSizes) {
    for (const int64_t in : kSizes) {
      SCOPED_TRACE(::testing::Message() << out << " x " << in);
      const Matrix weight = RandomWeight(out, in, GetParam());

      const std::vector<std::byte> packed = Quantized(GetParam(), weight);

      const PackedReader reader(out, in, packed);
      for (int64_t n = 0; n < out; ++n) {
        const double scale = reader.Scale(n);
        ASSERT_NEAR(scale, LargestOf(weight, n) / 127, 1e-7 * scale);
        int32_t sum = 0;
        for (int64_t k = 0; k < in; ++k) {
          const int q = reader.Weight(n, k);
          ASSERT_GE(q, -127);
          ASSERT_NEAR(q * scale, weight.at(n, k), 0.50001 * scale);
          sum += q;
        }
        ASSERT_EQ(reader.Sum(n), sum);
      }
    }
  }
}

TEST_P(QuantizeWeightTest, ZerosFillUpInputsAndOutputs) {
  for (const int64_t out : kSizes) {
    for (const int64_t in : kSizes) {
      const Matrix weight = RandomWeight(out, in, GetParam());

      const std::vector<std::byte> packed = Quantized(GetParam(), weight);

      const PackedReader reader(out, in, packed);
      for (int64_t n = 0; n < reader.padded_out(); ++n) {
        for (int64_t k = n < out ? in : 0; k < reader.padded_in(); ++k) {
          ASSERT_EQ(reader.Weight(n, k), 0) << out << " x " << in;
        }
        if (n < out) continue;
        ASSERT_EQ(reader.Scale(n), 0);
        ASSERT_EQ(reader.Sum(n), 0);
      }
    }
  }
}

TEST_P(QuantizeWeightTest, IsTheSameFromInputsByOutputs) {
  for (const int64_t out : kSizes) {
    for (const int64_t in : kSizes) {
      const Matrix weight = RandomWeight(out, in, GetParam());
      Matrix transposed(in, out);
      for (int64_t n = 0; n < out; ++n) {
        for (int64_t k = 0; k < in; ++k) transposed.at(k, n) = weight.at(n, k);
      }
      std::vector<std::byte> storage =
          PlainBytes(GetParam(), transposed.values);
      const std::vector<std::byte> want = Quantized(GetParam(), weight);
      storage.resize(std::max(storage.size(), want.size()));

      QuantizeInPlace({out, in, GetParam(), /*in_out=*/true}, storage.data());

      storage.resize(want.size());
      EXPECT_EQ(storage, want) << out << " x " << in;
    }
  }
}

TEST_P(QuantizeWeightTest, OutputsOfZerosStayZeros) {
  for (const double zero : {0.0, 1e-38}) {
    Matrix weight = RandomWeight(3, 70, GetParam());
    for (int64_t k = 0; k < 70; ++k) weight.at(1, k) = zero;

    const std::vector<std::byte> packed = Quantized(GetParam(), weight);

    const PackedReader reader(3, 70, packed);
    EXPECT_LE(reader.Scale(1), zero);
    EXPECT_EQ(reader.Sum(1), 0);
    for (int64_t k = 0; k < 70; ++k) EXPECT_EQ(reader.Weight(1, k), 0);
  }
}

TEST_P(QuantizeWeightTest, WhatIsNotFiniteSpoilsItsOutputAlone) {
  using Limits = std::numeric_limits<double>;
  for (const double bad : {Limits::quiet_NaN(), Limits::infinity()}) {
    Matrix weight = RandomWeight(3, 70, GetParam());
    weight.at(1, 40) = bad;

    const std::vector<std::byte> packed = Quantized(GetParam(), weight);

    const PackedReader reader(3, 70, packed);
    EXPECT_TRUE(std::isnan(reader.Scale(1)));
    EXPECT_TRUE(std::isfinite(reader.Scale(0)));
    EXPECT_TRUE(std::isfinite(reader.Scale(2)));
  }
}

}  // namespace
}  // namespace transformerd::kernels
