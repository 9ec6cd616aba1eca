#include "model/loading/initialize.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/loading/cast.h"

namespace transformerd {
namespace {

using ::testing::Each;

std::vector<float> Draw(const InitialValues& values, int64_t first,
                        int64_t count) {
  std::vector<float> out(count, -1.0f);
  Initialize(
      values, DType::kF32, first,
      {reinterpret_cast<std::byte*>(out.data()), out.size() * sizeof(float)});
  return out;
}

TEST(InitializeTest, FillsWithConstants) {
  EXPECT_THAT(Draw({"a", Initializer::kZeros}, 0, 5), Each(0.0f));
  EXPECT_THAT(Draw({"a", Initializer::kOnes}, 0, 5), Each(1.0f));
}

TEST(InitializeTest, NormalHasTheMomentsOfItsDistribution) {
  const int count = 200000;
  double sum = 0, squares = 0, beyond_two = 0;
  for (float x : Draw({"a", Initializer::kNormal, 0.5}, 0, count)) {
    sum += x;
    squares += x * x;
    beyond_two += std::abs(x) > 1.0 ? 1 : 0;
  }
  EXPECT_NEAR(sum / count, 0.0, 0.005);
  EXPECT_NEAR(std::sqrt(squares / count), 0.5, 0.005);
  EXPECT_NEAR(beyond_two / count, 0.0455, 0.003);
}

TEST(InitializeTest, NeighboursAreIndependent) {
  const std::vector<float> x = Draw({"a", Initializer::kNormal, 1}, 0, 100000);
  for (int lag = 1; lag <= 3; ++lag) {
    double product = 0;
    for (size_t i = lag; i < x.size(); ++i) product += x[i] * x[i - lag];
    EXPECT_NEAR(product / x.size(), 0.0, 0.02) << lag;
  }
}

TEST(InitializeTest, TheNameIsTheSeed) {
  const std::vector<float> a = Draw({"a", Initializer::kNormal}, 0, 10);
  EXPECT_EQ(Draw({"a", Initializer::kNormal}, 0, 10), a);
  EXPECT_NE(Draw({"b", Initializer::kNormal}, 0, 10), a);
}

TEST(InitializeTest, DoesNotDependOnHowItIsCut) {
  const InitialValues values = {"a", Initializer::kNormal};
  const std::vector<float> whole = Draw(values, 0, 3000);
  for (int64_t cut : {1, 2, 1023, 1024, 1025, 2999}) {
    std::vector<float> parts = Draw(values, 0, cut);
    const std::vector<float> rest = Draw(values, cut, 3000 - cut);
    parts.insert(parts.end(), rest.begin(), rest.end());
    EXPECT_EQ(parts, whole) << cut;
  }
}

TEST(InitializeTest, GivesTheSameValuesInOtherTypes) {
  const InitialValues values = {"a", Initializer::kNormal};
  const std::vector<float> floats = Draw(values, 0, 100);
  for (DType dtype : {DType::kF16, DType::kBF16}) {
    std::vector<std::byte> drawn(200), expected(200);
    Initialize(values, dtype, 0, absl::MakeSpan(drawn));
    Cast(DType::kF32, {reinterpret_cast<const std::byte*>(floats.data()), 400},
         dtype, absl::MakeSpan(expected));
    EXPECT_EQ(drawn, expected);
  }
}

}  // namespace
}  // namespace transformerd
