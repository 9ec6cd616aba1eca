#include "tests/model/kernels/matrix.h"

#include <cmath>

namespace transformerd::kernels {

double RoundTo(DType dtype, double value) {
  if (dtype == DType::kF32) return static_cast<float>(value);
  if (!std::isfinite(value)) return value;
  constexpr int kSignificantBits = 8;
  int exponent = 0;
  const double fraction = std::frexp(value, &exponent);
  return std::ldexp(std::nearbyint(std::ldexp(fraction, kSignificantBits)),
                    exponent - kSignificantBits);
}

int64_t Numbers::Integer(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(random_() % (high - low + 1));
}

Matrix Numbers::Eighths(int64_t rows, int64_t columns) {
  Matrix matrix(rows, columns);
  for (double& value : matrix.values) value = Eighth();
  return matrix;
}

}  // namespace transformerd::kernels
