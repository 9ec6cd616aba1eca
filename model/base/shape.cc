#include "model/base/shape.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "glog/logging.h"

namespace transformerd {

std::optional<int64_t> CheckedAdd(int64_t a, int64_t b) {
  DCHECK(a >= 0 && b >= 0);
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) return std::nullopt;
  return sum;
}

std::optional<int64_t> CheckedMultiply(int64_t a, int64_t b) {
  DCHECK(a >= 0 && b >= 0);
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return std::nullopt;
  return product;
}

std::optional<int64_t> NumElements(const Shape& shape) {
  std::optional<int64_t> count = 1;
  for (int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    count = CheckedMultiply(*count, extent);
    if (!count.has_value()) return std::nullopt;
  }
  return count;
}

std::optional<int64_t> SizeBytes(DType dtype, const Shape& shape) {
  const std::optional<int64_t> count = NumElements(shape);
  if (!count.has_value()) return std::nullopt;
  const std::optional<int64_t> bits = CheckedMultiply(*count, BitsOf(dtype));
  if (!bits.has_value() || *bits % 8 != 0) return std::nullopt;
  return *bits / 8;
}

std::string ToString(const Shape& shape) {
  return absl::StrCat("[", absl::StrJoin(shape, ","), "]");
}

}  // namespace transformerd
