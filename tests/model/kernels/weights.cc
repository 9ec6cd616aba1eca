#include "tests/model/kernels/weights.h"

#include <algorithm>
#include <cstring>

#include "model/kernels/layout.h"
#include "model/kernels/pack.h"
#include "model/kernels/quantize_weight.h"

namespace transformerd::kernels {

std::vector<std::byte> PlainBytes(DType dtype,
                                  const std::vector<double>& values) {
  const int64_t size = BytesOf(dtype);
  std::vector<std::byte> bytes(values.size() * size);
  std::byte* to = bytes.data();
  for (const double value : values) {
    const auto number = static_cast<float>(RoundTo(dtype, value));
    // Its upper half is a bfloat16.
    const auto* from = reinterpret_cast<const std::byte*>(&number);
    std::memcpy(to, from + sizeof(number) - size, size);
    to += size;
  }
  return bytes;
}

std::vector<std::byte> Packed(DType dtype, const Matrix& weight) {
  std::vector<std::byte> storage = PlainBytes(dtype, weight.values);
  storage.resize(PackedBytes(weight.rows, weight.columns, dtype));
  PackInPlace({weight.rows, weight.columns, dtype}, storage.data());
  return storage;
}

std::vector<std::byte> Quantized(DType dtype, const Matrix& weight) {
  std::vector<std::byte> storage = PlainBytes(dtype, weight.values);
  const auto packed_bytes =
      static_cast<size_t>(PackedBytes(weight.rows, weight.columns, DType::kI8));
  storage.resize(std::max(storage.size(), packed_bytes));
  QuantizeInPlace({weight.rows, weight.columns, dtype}, storage.data());
  storage.resize(packed_bytes);
  return storage;
}

std::vector<float> PaddedFloats(const std::vector<double>& values) {
  std::vector<float> floats(
      RoundUp(static_cast<int64_t>(values.size()), kLanes), 0);
  std::copy(values.begin(), values.end(), floats.begin());
  return floats;
}

}  // namespace transformerd::kernels
