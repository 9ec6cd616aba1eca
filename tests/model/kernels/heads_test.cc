#include <algorithm>
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

constexpr int64_t kRows = 7;
constexpr int64_t kHeads = 3;
constexpr float kEps = 1.0f / 1024;

struct HeadsCase {
  int64_t head_size = 1;
  int64_t pairs = 0;
  bool norm = false;
  NormKind kind = NormKind::kRmsNorm;
  std::vector<int64_t> positions;  // empty: of the rows themselves
};

class HeadsTest : public KernelTest {
 protected:
  void ExpectTwin(const HeadsCase& heads) {
    SCOPED_TRACE(heads.head_size);
    SCOPED_TRACE(heads.pairs);
    Numbers numbers(static_cast<uint32_t>(heads.head_size));
    // A head of its own panels in front and behind, which nobody touches.
    const int64_t stride = RoundUp(heads.head_size, ColumnsPerPanel(dtype()));
    Matrix input(kRows, (kHeads + 2) * stride);
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t h = 0; h < kHeads + 2; ++h) {
        for (int64_t c = 0; c < heads.head_size; ++c) {
          input.at(r, h * stride + c) = numbers.Eighth();
        }
      }
    }
    const int64_t num_positions =
        heads.positions.empty() ? kRows
                                : *std::max_element(heads.positions.begin(),
                                                    heads.positions.end()) +
                                      1;
    const Matrix cosines = numbers.Eighths(num_positions, heads.pairs);
    const Matrix sines = numbers.Eighths(num_positions, heads.pairs);
    const std::vector<double> weight =
        numbers.Eighths(1, heads.head_size).values;

    RowMemory data = RowMemory::PanelsOf(dtype(), input);
    for (int64_t r = 0; r < kRows; ++r) {
      const int64_t position = heads.positions.empty() ? r : heads.positions[r];
      for (int64_t h = 1; h <= kHeads; ++h) {
        const auto begin =
            input.values.begin() + r * input.columns + h * stride;
        std::vector<double> head(begin, begin + heads.head_size);
        if (heads.norm) head = NormTwin(heads.kind, kEps, head, weight, {});
        RotateTwin(RowOf(cosines, position), RowOf(sines, position),
                   head.data());
        for (int64_t c = 0; c < heads.head_size; ++c) {
          data.Expect(r, h * stride + c, head[c],
                      heads.norm ? 4e-6 * (1 + std::abs(head[c])) : 0);
        }
      }
    }

    const std::vector<float> weights = PaddedFloats(weight);
    const std::vector<float> cosine_table(cosines.values.begin(),
                                          cosines.values.end());
    const std::vector<float> sine_table(sines.values.begin(),
                                        sines.values.end());
    HeadsCall call;
    call.data = data.panels(0, stride);
    call.stride = data.stride();
    call.rows = kRows;
    call.heads = kHeads;
    call.head_panels = NumPanels(heads.head_size, dtype());
    call.head_size = heads.head_size;
    if (heads.norm) call.norm_weight = weights.data();
    call.norm_kind = heads.kind;
    call.norm_eps = kEps;
    call.cosines = cosine_table.data();
    call.sines = sine_table.data();
    call.pairs = heads.pairs;
    if (!heads.positions.empty()) call.positions = heads.positions.data();
    kernels().prepare_heads(call);
    EXPECT_TRUE(data.HoldsWhatIsExpected());
  }

  static std::vector<double> RowOf(const Matrix& matrix, int64_t row) {
    const auto begin = matrix.values.begin() + row * matrix.columns;
    return {begin, begin + matrix.columns};
  }
};

INSTANTIATE_TEST_SUITE_P(All, HeadsTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(HeadsTest, RotatesPairsHalfAHeadApart) {
  for (const int64_t head_size : {2, 8, 20, 64, 80, 128, 256, 1024}) {
    ExpectTwin({head_size, head_size / 2});
  }
}

TEST_P(HeadsTest, LeavesWhatIsNotRotated) {
  ExpectTwin({80, 16});
  ExpectTwin({64, 1});
  // An odd number of pairs, which ends in the middle of a vector.
  ExpectTwin({20, 7});
  ExpectTwin({63, 31});
}

TEST_P(HeadsTest, TakesAnglesOfPositions) {
  HeadsCase heads = {64, 32};
  heads.positions = {11, 0, 0, 3, 2, 9, 1};
  ExpectTwin(heads);
}

TEST_P(HeadsTest, NormsEachHeadByItself) {
  for (const NormKind kind : {NormKind::kRmsNorm, NormKind::kRmsNormPlusOne}) {
    for (const int64_t head_size : {1, 8, 20, 64, 80, 128, 256}) {
      ExpectTwin({head_size, 0, /*norm=*/true, kind});
    }
  }
}

TEST_P(HeadsTest, NormsBeforeItRotates) {
  ExpectTwin({20, 10, /*norm=*/true});
  ExpectTwin({128, 64, /*norm=*/true, NormKind::kRmsNormPlusOne});
}

}  // namespace
}  // namespace transformerd::kernels
