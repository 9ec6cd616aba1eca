#include "model/reference/ops.h"

#include <ATen/ops/from_blob.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::Pointwise;

std::vector<float> Values(const at::Tensor& tensor) {
  const at::Tensor dense = tensor.contiguous();
  const float* begin = dense.const_data_ptr<float>();
  return std::vector<float>(begin, begin + dense.numel());
}

TEST(ActivationTest, EqualsItsFormula) {
  struct Case {
    Activation activation;
    double (*formula)(double);
  };
  const Case cases[] = {
      {Activation::kGelu,
       [](double x) { return x * 0.5 * (1 + std::erf(x / std::sqrt(2.0))); }},
      {Activation::kGeluTanh,
       [](double x) {
         const double inner =
             std::sqrt(2 / std::acos(-1.0)) * (x + 0.044715 * x * x * x);
         return 0.5 * x * (1 + std::tanh(inner));
       }},
      {Activation::kGelu10,
       [](double x) {
         const double gelu = x * 0.5 * (1 + std::erf(x / std::sqrt(2.0)));
         return std::min(10.0, std::max(-10.0, gelu));
       }},
      {Activation::kHardSwish,
       [](double x) { return x * std::min(6.0, std::max(0.0, x + 3)) / 6; }},
      {Activation::kIdentity, [](double x) { return x; }},
      {Activation::kLaplace,
       [](double x) {
         return 0.5 *
                (1 + std::erf((x - 0.707107) / (0.282095 * std::sqrt(2.0))));
       }},
      {Activation::kLeakyRelu, [](double x) { return x > 0 ? x : 0.01 * x; }},
      {Activation::kMish,
       [](double x) { return x * std::tanh(std::log1p(std::exp(x))); }},
      {Activation::kRelu2, [](double x) { return x > 0 ? x * x : 0; }},
      {Activation::kRelu6,
       [](double x) { return std::min(6.0, std::max(0.0, x)); }},
      {Activation::kSigmoid, [](double x) { return 1 / (1 + std::exp(-x)); }},
      {Activation::kSqrtSoftplus,
       [](double x) { return std::sqrt(std::log1p(std::exp(x))); }},
      {Activation::kQuickGelu,
       [](double x) { return x / (1 + std::exp(-1.702 * x)); }},
      {Activation::kRelu, [](double x) { return x > 0 ? x : 0; }},
      {Activation::kSilu, [](double x) { return x / (1 + std::exp(-x)); }},
      {Activation::kTanh, [](double x) { return std::tanh(x); }},
  };
  std::vector<float> inputs = {-3.f, -1.f, -0.1f, 0.f, 0.5f, 12.f};
  const at::Tensor input = at::from_blob(inputs.data(), {6});
  for (const Case& c : cases) {
    std::vector<float> expected;
    for (float x : inputs) expected.push_back(static_cast<float>(c.formula(x)));
    EXPECT_THAT(Values(Apply(c.activation, input)),
                Pointwise(FloatNear(1e-5f), expected));
  }
}

TEST(RepeatHeadsTest, EachHeadStandsBesideItsCopies) {
  std::vector<float> heads = {1, 2, 3, 4, 5, 6, 7, 8};
  const at::Tensor x = at::from_blob(heads.data(), {2, 2, 2});

  EXPECT_THAT(Values(RepeatHeads(x, 4)),
              ElementsAre(1, 2, 1, 2, 3, 4, 3, 4, 5, 6, 5, 6, 7, 8, 7, 8));
  EXPECT_EQ(Values(RepeatHeads(x.unsqueeze(2), 4)), Values(RepeatHeads(x, 4)));
  EXPECT_TRUE(RepeatHeads(x, 2).is_same(x));
}

}  // namespace
}  // namespace transformerd
