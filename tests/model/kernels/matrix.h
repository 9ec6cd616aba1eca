// Numbers for tests of kernels.
#pragma once

#include <cstdint>
#include <random>
#include <vector>

#include "model/base/dtype.h"

namespace transformerd::kernels {

struct Matrix {
  Matrix() = default;
  Matrix(int64_t num_rows, int64_t num_columns, double value = 0)
      : rows(num_rows),
        columns(num_columns),
        values(num_rows * num_columns, value) {}

  double& at(int64_t row, int64_t column) {
    return values[row * columns + column];
  }
  double at(int64_t row, int64_t column) const {
    return values[row * columns + column];
  }

  int64_t rows = 0, columns = 0;
  std::vector<double> values;  // row-major
};

// The nearest number that `dtype` holds, F32 or BF16; ties to the even one.
double RoundTo(DType dtype, double value);

// The same numbers on every machine for a seed.
class Numbers {
 public:
  explicit Numbers(uint32_t seed) : random_(seed) {}

  // In [low, high].
  int64_t Integer(int64_t low, int64_t high);
  bool Coin() { return Integer(0, 1) == 1; }
  // Eighths in (-2, 2). Both dtypes hold them, and sums of up to 4096 products
  // of two of them are exact in float32 in any order.
  double Eighth() { return static_cast<double>(Integer(-15, 15)) / 8; }
  Matrix Eighths(int64_t rows, int64_t columns);

 private:
  std::mt19937 random_;
};

}  // namespace transformerd::kernels
