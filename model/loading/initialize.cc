#include "model/loading/initialize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include "glog/logging.h"
#include "model/loading/cast.h"
#include "model/loading/fnv1a.h"

namespace transformerd {
namespace {

constexpr double kTwoPi = 6.283185307179586;

// The index-th number of the SplitMix64 sequence (Steele et al., 2014) of this
// seed: any element can be drawn without those before it.
uint64_t RandomBits(uint64_t seed, uint64_t index) {
  uint64_t z = seed + (index + 1) * 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

// Uniform in (0, 1].
double Uniform(uint64_t seed, uint64_t index) {
  return static_cast<double>((RandomBits(seed, index) >> 11) + 1) * 0x1p-53;
}

// Box and Muller's transform gives two independent numbers at a time; the even
// element of a pair takes the cosine, the odd one the sine.
float Normal(uint64_t seed, int64_t element) {
  const uint64_t pair = static_cast<uint64_t>(element) & ~uint64_t{1};
  const double radius = std::sqrt(-2.0 * std::log(Uniform(seed, pair)));
  const double angle = kTwoPi * Uniform(seed, pair + 1);
  return static_cast<float>(
      radius * (element % 2 == 0 ? std::cos(angle) : std::sin(angle)));
}

float ValueAt(const InitialValues& values, uint64_t seed, int64_t element) {
  switch (values.initializer) {
    case Initializer::kZeros:
      return 0.0f;
    case Initializer::kOnes:
      return 1.0f;
    case Initializer::kNormal:
      return static_cast<float>(values.standard_deviation) *
             Normal(seed, element);
  }
  LOG(FATAL) << "no initializer " << static_cast<int>(values.initializer);
  return 0.0f;
}

void Store(absl::Span<const float> from, DType dtype,
           absl::Span<std::byte> out) {
  const auto bytes =
      absl::MakeConstSpan(reinterpret_cast<const std::byte*>(from.data()),
                          from.size() * sizeof(float));
  if (dtype == DType::kF32) {
    std::memcpy(out.data(), bytes.data(), bytes.size());
  } else {
    Cast(DType::kF32, bytes, dtype, out);
  }
}

}  // namespace

void Initialize(const InitialValues& values, DType dtype, int64_t first_element,
                absl::Span<std::byte> out) {
  const uint64_t seed = Fnv1a(values.name);
  const size_t element_bytes = BytesOf(dtype);
  std::array<float, 1024> chunk;
  while (!out.empty()) {
    const size_t count = std::min(chunk.size(), out.size() / element_bytes);
    CHECK_GT(count, 0u) << values.name << ": part of an element is left";
    for (size_t i = 0; i < count; ++i) {
      chunk[i] = ValueAt(values, seed, first_element + i);
    }
    Store(absl::MakeConstSpan(chunk.data(), count), dtype,
          out.subspan(0, count * element_bytes));
    first_element += count;
    out.remove_prefix(count * element_bytes);
  }
}

}  // namespace transformerd
