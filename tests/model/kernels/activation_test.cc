// Activations of a grid of numbers, which enter a linear as its bias.
#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/config/block_recipe.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/twins.h"
#include "tests/model/kernels/variants.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr Activation kActivations[] = {
    Activation::kGelu,      Activation::kGelu10,   Activation::kGeluTanh,
    Activation::kHardSwish, Activation::kIdentity, Activation::kLaplace,
    Activation::kLeakyRelu, Activation::kMish,     Activation::kQuickGelu,
    Activation::kRelu,      Activation::kRelu2,    Activation::kRelu6,
    Activation::kSigmoid,   Activation::kSilu,     Activation::kSqrtSoftplus,
    Activation::kTanh};

class ActivationTest : public KernelTest {
 protected:
  // activation(x) of each x.
  std::vector<float> Activated(Activation activation,
                               const std::vector<double>& x) {
    const auto out = static_cast<int64_t>(x.size());
    RowMemory input = RowMemory::PanelsOf(dtype(), Matrix(1, 1));
    const std::vector<std::byte> weight = Packed(dtype(), Matrix(out, 1));
    const std::vector<float> bias = PaddedFloats(x);
    std::vector<float> activated(out);
    LinearCall call;
    call.input = input.panel_rows();
    call.rows = 1;
    call.panels = 1;
    call.out = out;
    call.end_block = NumBlocks(out);
    call.linear = {weight.data(), bias.data()};
    call.activation = activation;
    call.rows_out = activated.data();
    kernels().linear(call);
    return activated;
  }

  float Activated(Activation activation, float x) {
    return Activated(activation, std::vector<double>{x}).front();
  }

  void ExpectFormula(const std::vector<double>& x) {
    for (const Activation activation : kActivations) {
      const std::vector<float> got = Activated(activation, x);
      for (size_t i = 0; i < x.size(); ++i) {
        const double want = ActivationTwin(activation, x[i]);
        // What is beyond float32 is infinity there.
        if (got[i] == static_cast<float>(want)) continue;
        EXPECT_LE(std::abs(got[i] - want),
                  ActivationError(activation, dtype(), x[i]))
            << "activation " << static_cast<int>(activation) << " of " << x[i]
            << " is " << got[i] << ", not " << want;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, ActivationTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(ActivationTest, EqualsItsFormula) {
  std::vector<double> x;
  for (int i = -6000; i <= 6000; ++i) {
    x.push_back(static_cast<float>(i / 400.0));
  }
  ExpectFormula(x);
}

TEST_P(ActivationTest, EqualsItsFormulaForNumbersOfAnySize) {
  std::vector<double> x;
  // From the smallest number above zero to the largest.
  for (int exponent = -149; exponent < 128; ++exponent) {
    for (const double digits : {1.0, 1.1875, 1.7}) {
      const auto number = static_cast<float>(std::ldexp(digits, exponent));
      x.push_back(number);
      x.push_back(-number);
    }
  }
  ExpectFormula(x);
}

TEST_P(ActivationTest, OfZeroIsThatOfItsFormula) {
  for (const Activation activation : kActivations) {
    for (const float zero : {0.0f, -0.0f}) {
      EXPECT_NEAR(Activated(activation, zero), ActivationTwin(activation, 0),
                  dtype() == DType::kF32 ? 1e-7 : 2e-5)
          << static_cast<int>(activation);
    }
  }
}

TEST_P(ActivationTest, OfNanIsNan) {
  for (const Activation activation : kActivations) {
    EXPECT_TRUE(std::isnan(Activated(activation, kNan)))
        << static_cast<int>(activation);
  }
}

TEST_P(ActivationTest, OfInfinityIsItsLimit) {
  for (const Activation activation : kActivations) {
    const float got = Activated(activation, kInfinity);
    switch (activation) {
      case Activation::kGelu10:
        EXPECT_EQ(got, 10);
        break;
      case Activation::kRelu6:
        EXPECT_EQ(got, 6);
        break;
      case Activation::kLaplace:
      case Activation::kSigmoid:
      case Activation::kTanh:
        EXPECT_EQ(got, 1);
        break;
      default:
        EXPECT_EQ(got, kInfinity) << static_cast<int>(activation);
    }
  }
}

// Where a formula multiplies zero and infinity, NaN says that something went
// wrong; what must not come out is a number in between.
TEST_P(ActivationTest, OfMinusInfinityIsItsLimitOrNan) {
  for (const Activation activation : kActivations) {
    const float got = Activated(activation, -kInfinity);
    switch (activation) {
      case Activation::kIdentity:
      case Activation::kLeakyRelu:
        EXPECT_EQ(got, -kInfinity);
        break;
      case Activation::kTanh:
        EXPECT_EQ(got, -1);
        break;
      case Activation::kLaplace:
      case Activation::kRelu:
      case Activation::kRelu2:
      case Activation::kRelu6:
      case Activation::kSigmoid:
      case Activation::kSqrtSoftplus:
        EXPECT_EQ(got, 0) << static_cast<int>(activation);
        break;
      default:
        EXPECT_TRUE(got == 0 || std::isnan(got))
            << static_cast<int>(activation) << " is " << got;
    }
  }
}

}  // namespace
}  // namespace transformerd::kernels
