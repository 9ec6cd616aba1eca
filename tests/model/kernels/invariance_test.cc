// A row's result is the same bit for bit, whatever lies beside it and however
// calls cut the rows: batches may not change answers.
#include <algorithm>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/attention_case.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/row_memory.h"
#include "tests/model/kernels/variants.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

// Numbers of both dtypes whose sums are not exact, so that their order shows.
Matrix Inexact(Numbers& numbers, int64_t rows, int64_t columns) {
  Matrix matrix(rows, columns);
  for (double& x : matrix.values) {
    x = static_cast<double>(numbers.Integer(-255, 255)) /
        static_cast<double>(int64_t{1} << numbers.Integer(4, 12));
  }
  return matrix;
}

class InvarianceTest : public KernelTest {
 protected:
  static constexpr int64_t kRows = 40;
  // How many rows calls take, in turn.
  static std::vector<std::vector<int64_t>> Cuts() {
    std::vector<std::vector<int64_t>> cuts;
    for (int64_t size = 1; size <= 17; ++size) cuts.push_back({size});
    cuts.push_back({3, 1, 8, 2});
    cuts.push_back({17, 6});
    return cuts;
  }

  // Calls body(first, count) for parts of kRows rows.
  template <typename Body>
  static void InParts(const std::vector<int64_t>& cut, const Body& body) {
    size_t next = 0;
    for (int64_t first = 0; first < kRows;) {
      const int64_t count = std::min(cut[next++ % cut.size()], kRows - first);
      body(first, count);
      first += count;
    }
  }

  static void ExpectSame(const RowMemory& a, const RowMemory& b,
                         int64_t columns) {
    for (int64_t r = 0; r < kRows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        ASSERT_EQ(a.Get(r, c), b.Get(r, c)) << r << ", " << c;
      }
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, InvarianceTest, ::testing::ValuesIn(Variants()),
                         NameOfVariant);

TEST_P(InvarianceTest, LinearGivesTheSameForAnyCutOfRows) {
  constexpr int64_t kIn = 200, kOut = 110;
  Numbers numbers(1);
  RowMemory input = RowMemory::PanelsOf(dtype(), Inexact(numbers, kRows, kIn));
  const std::vector<std::byte> weight =
      Packed(dtype(), Inexact(numbers, kOut, kIn));
  const std::vector<std::byte> gate =
      Packed(dtype(), Inexact(numbers, kOut, kIn));
  LinearCall call;
  call.panels = NumPanels(kIn, dtype());
  call.out = kOut;
  call.end_block = NumBlocks(kOut);
  call.linear.weight = weight.data();
  call.gate.weight = gate.data();
  call.activation = Activation::kGelu;
  const auto run = [&](const std::vector<int64_t>& cut) {
    RowMemory out = RowMemory::GuardedFloats(kRows, kOut);
    call.stride = out.stride();
    InParts(cut, [&](int64_t first, int64_t count) {
      call.input = input.panel_rows(first);
      call.rows = count;
      call.rows_out = out.floats(first);
      kernels().linear(call);
    });
    return out;
  };

  const RowMemory all = run({kRows});

  for (const auto& cut : Cuts()) ExpectSame(run(cut), all, kOut);
}

TEST_P(InvarianceTest, LinearGivesTheSameForAnyBlocksAtOnce) {
  constexpr int64_t kIn = 200, kOut = 300;
  Numbers numbers(2);
  RowMemory input = RowMemory::PanelsOf(dtype(), Inexact(numbers, kRows, kIn));
  const std::vector<std::byte> weight =
      Packed(dtype(), Inexact(numbers, kOut, kIn));
  LinearCall call;
  call.input = input.panel_rows();
  call.rows = kRows;
  call.panels = NumPanels(kIn, dtype());
  call.out = kOut;
  call.linear.weight = weight.data();
  const auto run = [&](int64_t blocks) {
    RowMemory out = RowMemory::GuardedFloats(kRows, kOut);
    call.stride = out.stride();
    call.rows_out = out.floats();
    for (int64_t block = 0; block < NumBlocks(kOut); block += blocks) {
      call.first_block = block;
      call.end_block = std::min(block + blocks, NumBlocks(kOut));
      kernels().linear(call);
    }
    return out;
  };

  const RowMemory all = run(NumBlocks(kOut));

  for (const int64_t blocks : {1, 2, 3}) ExpectSame(run(blocks), all, kOut);
}

TEST_P(InvarianceTest, NormGivesTheSameForAnyCutOfRows) {
  constexpr int64_t kColumns = 77;
  Numbers numbers(3);
  RowMemory input = RowMemory::FloatsOf(Inexact(numbers, kRows, kColumns));
  NormCall call;
  call.input_stride = input.stride();
  call.columns = kColumns;
  const auto run = [&](const std::vector<int64_t>& cut) {
    RowMemory out = RowMemory::GuardedPanels(dtype(), kRows, kColumns);
    call.panels_stride = out.stride();
    InParts(cut, [&](int64_t first, int64_t count) {
      call.input = input.floats(first);
      call.rows = count;
      call.panels_out = out.panels(first);
      kernels().norm(call);
    });
    return out;
  };

  const RowMemory all = run({kRows});

  for (const auto& cut : Cuts()) ExpectSame(run(cut), all, kColumns);
}

AttentionInput InexactAttention(int64_t length, int64_t heads) {
  constexpr int64_t kHeadSize = 40;
  constexpr int64_t kDistances = 50;
  AttentionCase attention = {length, length, kHeadSize, heads};
  attention.distance_key = true;
  attention.distance_query = true;
  attention.num_distances = kDistances;
  AttentionInput input = MakeInput(attention, 0);
  Numbers numbers(static_cast<uint32_t>(length));
  input.query = Inexact(numbers, length, heads * kHeadSize);
  input.key = Inexact(numbers, length, kHeadSize);
  input.value = Inexact(numbers, length, kHeadSize);
  input.distance_key = Inexact(numbers, kDistances, heads * kHeadSize);
  input.distance_query = Inexact(numbers, kDistances, heads * kHeadSize);
  return input;
}

// Those from `first` on.
Matrix ColumnsFrom(const Matrix& matrix, int64_t first) {
  Matrix columns(matrix.rows, matrix.columns - first);
  for (int64_t r = 0; r < columns.rows; ++r) {
    for (int64_t c = 0; c < columns.columns; ++c) {
      columns.at(r, c) = matrix.at(r, first + c);
    }
  }
  return columns;
}

TEST_P(InvarianceTest, AttentionGivesTheSameAnywhereInABatch) {
  for (const int64_t length : {1, 7, 16, 33, 100, 530}) {
    AttentionInput input = InexactAttention(length, 2);
    for (const int64_t after : {-1, 0}) {
      input.after = after;
      const AttentionResult alone = RunAttention(GetParam(), input, {});
      for (const int64_t rows_around : {1, 3, 16, 29}) {
        for (const int64_t first_column : {0, 80}) {
          AttentionPlace place;
          place.rows_around = rows_around;
          place.first_column = first_column;
          const AttentionResult among = RunAttention(GetParam(), input, place);
          for (int64_t i = 0; i < length; ++i) {
            for (int64_t c = 0; c < input.query.columns; ++c) {
              ASSERT_EQ(among.context.Get(i, first_column + c),
                        alone.context.Get(i, c))
                  << length << ": " << i << ", " << c;
            }
          }
        }
      }
    }
  }
}

TEST_P(InvarianceTest, AttentionOfAHeadIsTheSameBesideOthers) {
  constexpr int64_t kLength = 70;
  const AttentionInput both = InexactAttention(kLength, 2);
  const AttentionResult result = RunAttention(GetParam(), both, {});
  AttentionInput second = both;
  for (Matrix* matrix :
       {&second.query, &second.distance_key, &second.distance_query}) {
    *matrix = ColumnsFrom(*matrix, both.head_size());
  }

  const AttentionResult alone = RunAttention(GetParam(), second, {});

  for (int64_t i = 0; i < kLength; ++i) {
    for (int64_t c = 0; c < both.head_size(); ++c) {
      ASSERT_EQ(alone.context.Get(i, c),
                result.context.Get(i, both.head_size() + c));
    }
  }
}

// Queries of a causal sequence do not see what comes behind them.
TEST_P(InvarianceTest, CausalAttentionIsTheSameForAPrefix) {
  constexpr int64_t kLength = 70;
  AttentionInput input = InexactAttention(kLength, 1);
  input.after = 0;
  const AttentionResult whole = RunAttention(GetParam(), input, {});
  for (const int64_t length : {1, 15, 16, 17, 48, 63}) {
    AttentionInput prefix = input;
    for (Matrix* matrix : {&prefix.query, &prefix.key, &prefix.value}) {
      matrix->rows = length;
      matrix->values.resize(length * matrix->columns);
    }
    // Those of distances up to the prefix's longest.
    prefix.distance_rows.assign(input.distance_rows.begin() + kLength - length,
                                input.distance_rows.end() - (kLength - length));
    const AttentionResult result = RunAttention(GetParam(), prefix, {});
    for (int64_t i = 0; i < length; ++i) {
      for (int64_t c = 0; c < input.head_size(); ++c) {
        ASSERT_EQ(result.context.Get(i, c), whole.context.Get(i, c)) << length;
      }
    }
  }
}

// What was masked away must leave no trace, or padding would change answers.
TEST_P(InvarianceTest, MaskedKeysLeaveNoTrace) {
  AttentionInput input = InexactAttention(60, 1);
  input.key_mask.assign(60, 1);
  for (const int64_t masked : {0, 5, 31, 59}) input.key_mask[masked] = 0;
  const AttentionResult result = RunAttention(GetParam(), input, {});
  for (const int64_t masked : {0, 5, 31, 59}) {
    for (int64_t c = 0; c < input.head_size(); ++c) {
      input.key.at(masked, c) = 100;
      input.value.at(masked, c) = -200;
    }
  }

  const AttentionResult changed = RunAttention(GetParam(), input, {});

  for (int64_t i = 0; i < 60; ++i) {
    for (int64_t c = 0; c < input.head_size(); ++c) {
      ASSERT_EQ(changed.context.Get(i, c), result.context.Get(i, c));
    }
  }
}

}  // namespace
}  // namespace transformerd::kernels
