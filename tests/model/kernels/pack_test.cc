#include "model/kernels/pack.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "model/kernels/layout.h"
#include "tests/model/kernels/matrix.h"
#include "tests/model/kernels/weights.h"

namespace transformerd::kernels {
namespace {

// Of outputs and of inputs: one, primes, and what lies around a vector, a panel
// of either dtype, one block and two.
constexpr int64_t kSizes[] = {1,  2,  13, 15, 16, 17, 31, 32, 33,
                              47, 48, 49, 61, 64, 65, 96, 97, 100};

int64_t UnitsOf(int64_t in, DType dtype) {
  return NumPanels(in, dtype) * kUnitsPerPanel;
}

// The packed form, number by number as layout.h draws it. No number is zero
// but those that fill up.
std::vector<std::byte> PackedTwin(const Matrix& weight, DType dtype) {
  const int64_t per_unit = kUnitBytes / BytesOf(dtype);
  std::vector<double> packed;
  for (int64_t first = 0; first < weight.rows; first += 48) {
    const int64_t width =
        std::min<int64_t>(48, (weight.rows - first + 15) / 16 * 16);
    for (int64_t unit = 0; unit < UnitsOf(weight.columns, dtype); ++unit) {
      for (int64_t out = first; out < first + width; ++out) {
        for (int64_t k = unit * per_unit; k < (unit + 1) * per_unit; ++k) {
          const bool is_there = out < weight.rows && k < weight.columns;
          packed.push_back(is_there ? weight.at(out, k) : 0);
        }
      }
    }
  }
  return PlainBytes(dtype, packed);
}

Matrix Transposed(const Matrix& matrix) {
  Matrix transposed(matrix.columns, matrix.rows);
  for (int64_t r = 0; r < matrix.rows; ++r) {
    for (int64_t c = 0; c < matrix.columns; ++c) {
      transposed.at(c, r) = matrix.at(r, c);
    }
  }
  return transposed;
}

// Neighbours differ, whatever the dtype.
Matrix NumberedMatrix(int64_t rows, int64_t columns) {
  Matrix matrix(rows, columns);
  double next = 1;
  for (double& value : matrix.values) {
    value = next;
    next = next == 251 ? 1 : next + 1;
  }
  return matrix;
}

class PackTest : public ::testing::TestWithParam<DType> {};

INSTANTIATE_TEST_SUITE_P(All, PackTest,
                         ::testing::Values(DType::kF32, DType::kBF16));

TEST_P(PackTest, PutsEveryNumberWhereTheLayoutSays) {
  const DType dtype = GetParam();
  for (const int64_t out : kSizes) {
    for (const int64_t in : kSizes) {
      const Matrix weight = NumberedMatrix(out, in);
      const std::vector<std::byte> twin = PackedTwin(weight, dtype);
      const auto size = static_cast<size_t>(PackedBytes(out, in, dtype));
      ASSERT_EQ(twin.size(), size) << out << " x " << in;
      for (const bool in_out : {false, true}) {
        std::vector<std::byte> storage =
            PlainBytes(dtype, (in_out ? Transposed(weight) : weight).values);
        // What is not plain weight holds anything.
        storage.resize(size, std::byte{0xff});

        PackInPlace({out, in, dtype, in_out}, storage.data());

        EXPECT_EQ(storage, twin) << out << " x " << in << ", in_out " << in_out;
      }
    }
  }
}

TEST_P(PackTest, PacksSomeOutputsAsIfTheyWereAll) {
  const DType dtype = GetParam();
  constexpr int64_t kOut = 130;
  for (const int64_t in : {1, 17, 33, 96}) {
    const Matrix weight = NumberedMatrix(kOut, in);
    const std::vector<std::byte> plain = PlainBytes(dtype, weight.values);
    for (const int64_t first : {0, 1, 48, 49, 96, 129}) {
      for (const int64_t count : {1, 16, 47, 48, 81, 130}) {
        if (first + count > kOut) continue;
        Matrix part(count, in);
        std::copy_n(weight.values.begin() + first * in, count * in,
                    part.values.begin());
        std::vector<std::byte> packed(PackedBytes(count, in, dtype),
                                      std::byte{0xff});

        PackOutputs({kOut, in, dtype}, plain.data(), first, count,
                    packed.data());

        EXPECT_EQ(packed, PackedTwin(part, dtype))
            << count << " from " << first << " on, of " << in;
      }
    }
  }
}

TEST_P(PackTest, BlocksLieBehindEachOther) {
  const DType dtype = GetParam();
  for (const int64_t out : kSizes) {
    const int64_t panels = NumPanels(50, dtype);
    int64_t offset = 0;
    for (int64_t block = 0; block < NumBlocks(out); ++block) {
      EXPECT_EQ(BlockOffset(block, panels), offset);
      offset += BlockWidth(out, block) * panels * kPanelBytes;
    }
    EXPECT_EQ(offset, PackedBytes(out, 50, dtype));
  }
}

}  // namespace
}  // namespace transformerd::kernels
