#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/twins.h"
#include "tests/model/kernels/variants.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

// One, primes, what lies around vectors and panels, and widths of models.
constexpr int64_t kColumns[] = {1,  2,  7,  15,  16,  17,  31,
                                32, 33, 48, 131, 384, 768, 1021};

struct NormCase {
  int64_t rows = 5;
  int64_t columns = 1;
  NormKind kind = NormKind::kLayerNorm;
  bool weight = true, bias = true;
  double center = 0;    // of the numbers
  double error = 2e-6;  // relative to 1 + |result|
};

class NormTest : public KernelTest {
 protected:
  // Norms to panels, to rows, and onto rows at once.
  void ExpectTwin(const NormCase& norm) {
    SCOPED_TRACE(norm.columns);
    Numbers numbers(static_cast<uint32_t>(norm.columns));
    Matrix input = numbers.Eighths(norm.rows, norm.columns);
    for (double& x : input.values) x += norm.center;
    std::vector<double> weight, bias;
    if (norm.weight) weight = numbers.Eighths(1, norm.columns).values;
    if (norm.bias) bias = numbers.Eighths(1, norm.columns).values;
    const Matrix there = numbers.Eighths(norm.rows, norm.columns);
    RowMemory panels =
        RowMemory::GuardedPanels(dtype(), norm.rows, norm.columns);
    RowMemory rows = RowMemory::GuardedFloats(norm.rows, norm.columns);
    RowMemory sums = RowMemory::GuardedFloats(norm.rows, norm.columns);
    for (int64_t r = 0; r < norm.rows; ++r) {
      const auto begin = input.values.begin() + r * norm.columns;
      const std::vector<double> want = NormTwin(
          norm.kind, kEps, {begin, begin + norm.columns}, weight, bias);
      for (int64_t c = 0; c < RoundUp(norm.columns, kLanes); ++c) {
        const bool is_padding = c >= norm.columns;
        const double value = is_padding ? 0 : want[c];
        const double error =
            is_padding ? 0 : norm.error * (1 + std::abs(value));
        panels.Expect(r, c, value, error);
        rows.Expect(r, c, value, error);
        const double old = is_padding ? 0 : there.at(r, c);
        sums.Set(r, c, old);
        sums.Expect(r, c, old + value, error);
      }
    }
    RowMemory input_rows = RowMemory::FloatsOf(input);
    const std::vector<float> weights = PaddedFloats(weight);
    const std::vector<float> biases = PaddedFloats(bias);
    NormCall call;
    call.input = input_rows.floats();
    call.input_stride = input_rows.stride();
    call.rows = norm.rows;
    call.columns = norm.columns;
    call.kind = norm.kind;
    call.eps = kEps;
    if (norm.weight) call.weight = weights.data();
    if (norm.bias) call.bias = biases.data();
    call.panels_out = panels.panels();
    call.panels_stride = panels.stride();
    call.rows_out = rows.floats();
    call.add_to_rows = sums.floats();
    call.rows_stride = rows.stride();
    kernels().norm(call);
    EXPECT_TRUE(panels.HoldsWhatIsExpected());
    EXPECT_TRUE(rows.HoldsWhatIsExpected());
    EXPECT_TRUE(sums.HoldsWhatIsExpected());
  }

  static constexpr float kEps = 1.0f / 1024;
};

INSTANTIATE_TEST_SUITE_P(All, NormTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(NormTest, EqualsItsFormula) {
  for (const NormKind kind :
       {NormKind::kLayerNorm, NormKind::kRmsNorm, NormKind::kRmsNormPlusOne}) {
    for (const int64_t columns : kColumns) {
      NormCase norm;
      norm.columns = columns;
      norm.kind = kind;
      ExpectTwin(norm);
    }
  }
}

TEST_P(NormTest, TakesOnesAndZerosWhereParametersAreMissing) {
  for (const NormKind kind : {NormKind::kLayerNorm, NormKind::kRmsNorm}) {
    for (const bool weight : {false, true}) {
      NormCase norm;
      norm.columns = 50;
      norm.kind = kind;
      norm.weight = weight;
      norm.bias = false;
      ExpectTwin(norm);
    }
  }
}

TEST_P(NormTest, IsExactFarFromZero) {
  NormCase norm;
  norm.columns = 768;
  norm.center = 4096;
  // The mean, a float32, is off by half of 2^-11 at most.
  norm.error = 3e-4;
  ExpectTwin(norm);
}

TEST_P(NormTest, OfEqualNumbersIsTheBias) {
  RowMemory input = RowMemory::FloatsOf(Matrix(1, 20, /*value=*/3));
  RowMemory out = RowMemory::GuardedFloats(1, 20);
  const std::vector<float> bias = PaddedFloats(std::vector<double>(20, 0.5));
  for (int64_t c = 0; c < 32; ++c) out.Expect(0, c, c < 20 ? 0.5 : 0);
  NormCall call;
  call.input = input.floats();
  call.input_stride = input.stride();
  call.rows = 1;
  call.columns = 20;
  call.eps = 1e-12f;
  call.bias = bias.data();
  call.rows_out = out.floats();
  call.rows_stride = out.stride();

  kernels().norm(call);

  EXPECT_TRUE(out.HoldsWhatIsExpected());
}

TEST_P(NormTest, WorksInPlace) {
  const Matrix input = Numbers(1).Eighths(3, 37);
  RowMemory rows = RowMemory::FloatsOf(input);
  for (int64_t r = 0; r < 3; ++r) {
    const auto begin = input.values.begin() + r * 37;
    const std::vector<double> want =
        NormTwin(NormKind::kLayerNorm, kEps, {begin, begin + 37}, {}, {});
    for (int64_t c = 0; c < 37; ++c) rows.Expect(r, c, want[c], 2e-6);
  }
  NormCall call;
  call.input = call.rows_out = rows.floats();
  call.input_stride = call.rows_stride = rows.stride();
  call.rows = 3;
  call.columns = 37;
  call.eps = kEps;

  kernels().norm(call);

  EXPECT_TRUE(rows.HoldsWhatIsExpected());
}

TEST_P(NormTest, OfNanIsNan) {
  Matrix input(1, 20, /*value=*/1);
  input.at(0, 18) = std::nan("");
  RowMemory rows = RowMemory::FloatsOf(input);
  NormCall call;
  call.input = call.rows_out = rows.floats();
  call.input_stride = call.rows_stride = rows.stride();
  call.rows = 1;
  call.columns = 20;
  call.eps = kEps;

  kernels().norm(call);

  for (int64_t c = 0; c < 20; ++c) EXPECT_TRUE(std::isnan(rows.Get(0, c)));
}

}  // namespace
}  // namespace transformerd::kernels
