// Rows on their way into panels, and out of tables.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/variants.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

constexpr int64_t kColumns[] = {1, 2, 15, 16, 17, 31, 32, 33, 48, 97, 384};

class RowsTest : public KernelTest {
 protected:
  // What packing makes of floats; in panels of BF16, roundings.
  std::vector<double> Packed(const std::vector<float>& x) {
    const auto columns = static_cast<int64_t>(x.size());
    std::vector<float> row(RoundUp(columns, kLanes), 0);
    std::copy(x.begin(), x.end(), row.begin());
    RowMemory panels = RowMemory::GuardedPanels(dtype(), 1, columns);
    PackCall call;
    call.input = row.data();
    call.rows = 1;
    call.columns = columns;
    call.panels_out = panels.panels();
    call.stride = panels.stride();
    kernels().pack(call);
    std::vector<double> packed;
    for (int64_t c = 0; c < columns; ++c) packed.push_back(panels.Get(0, c));
    return packed;
  }

  struct EmbedCase {
    int64_t columns = 1;
    float scale = 1;
    int64_t id_offset = 0;
    bool accumulate = false;
  };

  void ExpectEmbeddings(const EmbedCase& embed) {
    SCOPED_TRACE(embed.columns);
    const std::vector<int64_t> ids = {4, 0, 4, 2, 1};
    const auto rows = static_cast<int64_t>(ids.size());
    Numbers numbers(3);
    const Matrix table = numbers.Eighths(8, embed.columns);
    RowMemory out = RowMemory::GuardedFloats(rows, embed.columns);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < embed.columns; ++c) {
        double want = table.at(ids[r] + embed.id_offset, c) * embed.scale;
        if (embed.accumulate) {
          const double there = numbers.Eighth();
          out.Set(r, c, there);
          want += there;
        }
        out.Expect(r, c, want);
      }
    }
    const std::vector<std::byte> bytes = PlainBytes(dtype(), table.values);
    EmbedCall call;
    call.table = bytes.data();
    call.ids = ids.data();
    call.id_offset = embed.id_offset;
    call.rows = rows;
    call.columns = embed.columns;
    call.scale = embed.scale;
    call.accumulate = embed.accumulate;
    call.rows_out = out.floats();
    call.stride = out.stride();
    kernels().embed(call);
    EXPECT_TRUE(out.HoldsWhatIsExpected());
  }
};

INSTANTIATE_TEST_SUITE_P(All, RowsTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(RowsTest, PackedAreScaledInPanels) {
  for (const int64_t columns : kColumns) {
    SCOPED_TRACE(columns);
    const Matrix input = Numbers(1).Eighths(5, columns);
    RowMemory rows = RowMemory::FloatsOf(input);
    RowMemory panels = RowMemory::GuardedPanels(dtype(), 5, columns);
    for (int64_t r = 0; r < 5; ++r) {
      for (int64_t c = 0; c < RoundUp(columns, kLanes); ++c) {
        panels.Expect(r, c, c < columns ? input.at(r, c) * 0.75 : 0);
      }
    }
    PackCall call;
    call.input = rows.floats();
    call.input_stride = rows.stride();
    call.rows = 5;
    call.columns = columns;
    call.scale = 0.75;
    call.panels_out = panels.panels();
    call.stride = panels.stride();

    kernels().pack(call);

    EXPECT_TRUE(panels.HoldsWhatIsExpected());
  }
}

TEST_P(RowsTest, PackedAreRoundedToTheNearestAndTiesToEven) {
  std::vector<float> x;
  for (int i = 0; i < 4096; ++i) {
    // Of 8 neighbours of bfloat16, all eighths between them.
    x.push_back(std::ldexp(static_cast<float>(1024 + i % 64), i / 64 - 40));
    x.push_back(-x.back());
  }

  const std::vector<double> packed = Packed(x);

  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(packed[i], RoundTo(dtype(), x[i])) << x[i];
  }
}

TEST_P(RowsTest, PackedKeepWhatIsNoNumber) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  // One whose payload lies in the half that bfloat16 lacks.
  constexpr uint32_t kLowPayload = 0x7f800001;
  float low_payload;
  std::memcpy(&low_payload, &kLowPayload, sizeof(low_payload));

  const std::vector<double> packed =
      Packed({kInfinity, -kInfinity, std::nanf(""), -std::nanf(""), low_payload,
              std::numeric_limits<float>::max(), -0.0f});

  EXPECT_EQ(packed[0], kInfinity);
  EXPECT_EQ(packed[1], -kInfinity);
  EXPECT_TRUE(std::isnan(packed[2]));
  EXPECT_TRUE(std::isnan(packed[3]));
  EXPECT_TRUE(std::isnan(packed[4]));
  EXPECT_EQ(packed[5],
            is_float() ? std::numeric_limits<float>::max() : kInfinity);
  EXPECT_EQ(packed[6], 0);
  EXPECT_TRUE(std::signbit(packed[6]));
}

// Instructions for bfloat16 take such numbers for zeros.
TEST_P(RowsTest, PackedMayLoseDenormalNumbers) {
  constexpr float kSmallest = std::numeric_limits<float>::min();

  const std::vector<double> packed = Packed({kSmallest, kSmallest / 2});

  EXPECT_EQ(packed[0], kSmallest);
  EXPECT_TRUE(packed[1] == kSmallest / 2 || packed[1] == 0) << packed[1];
}

TEST_P(RowsTest, EmbeddedAreRowsOfTheTable) {
  for (const int64_t columns : kColumns) ExpectEmbeddings({columns});
}

TEST_P(RowsTest, EmbeddedAreScaledAndAddedToWhatIsThere) {
  for (const int64_t columns : kColumns) {
    ExpectEmbeddings({columns, 0.5, /*id_offset=*/3, /*accumulate=*/false});
    ExpectEmbeddings({columns, 3, /*id_offset=*/0, /*accumulate=*/true});
  }
}

}  // namespace
}  // namespace transformerd::kernels
