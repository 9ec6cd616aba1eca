#include "model/loading/cast.h"

#include <cstdint>
#include <cstring>
#include <limits>

#include "glog/logging.h"

namespace transformerd {
namespace {

template <typename To, typename From>
To BitCast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  std::memcpy(&to, &from, sizeof(to));
  return to;
}

// Each format gives its stored type and the way to float, and back where there
// are parameters of it.
struct F32 {
  using Stored = float;
  static float Decode(float value) { return value; }
  static float Encode(float value) { return value; }
};

struct F64 {
  using Stored = double;
  static float Decode(double value) { return static_cast<float>(value); }
  static double Encode(float value) { return value; }
};

struct BF16 {
  using Stored = uint16_t;
  static float Decode(uint16_t stored) {
    return BitCast<float>(static_cast<uint32_t>(stored) << 16);
  }
  static uint16_t Encode(float value) {
    const uint32_t bits = BitCast<uint32_t>(value);
    // Rounding could carry a NaN's payload into infinity.
    if ((bits & 0x7fffffff) > 0x7f800000) return (bits >> 16) | 0x0040;
    const uint32_t to_even = (bits >> 16) & 1;
    return static_cast<uint16_t>((bits + 0x7fff + to_even) >> 16);
  }
};

struct F16 {
  using Stored = uint16_t;
  static float Decode(uint16_t stored) {
    const uint32_t sign = static_cast<uint32_t>(stored & 0x8000) << 16;
    const uint32_t magnitude = static_cast<uint32_t>(stored & 0x7fff) << 13;
    // Read as a float, the exponent is 112 too small; a product with a power
    // of two is exact and normalises subnormals on the way.
    const uint32_t scaled =
        BitCast<uint32_t>(BitCast<float>(magnitude) * 0x1p112f);
    const uint32_t special = magnitude >= 0x0f800000 ? 0x7f800000 : 0;
    return BitCast<float>(sign | scaled | special);
  }
  static uint16_t Encode(float value) {
    const uint32_t bits = BitCast<uint32_t>(value);
    const uint16_t sign = (bits >> 16) & 0x8000;
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return sign | 0x7e00;   // NaN
    if (magnitude >= 0x477ff000) return sign | 0x7c00;  // rounds to infinity
    if (magnitude < 0x38800000) {
      // Below 2^-14 halves are multiples of 2^-24; next to 0.5 so are floats,
      // and the addition rounds as wanted.
      const float sum = BitCast<float>(magnitude) + 0.5f;
      return sign | static_cast<uint16_t>(BitCast<uint32_t>(sum) -
                                          BitCast<uint32_t>(0.5f));
    }
    const uint32_t to_even = (magnitude >> 13) & 1;
    const uint32_t rounded = magnitude - (112u << 23) + 0x0fff + to_even;
    return sign | static_cast<uint16_t>(rounded >> 13);
  }
};

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// A sign, then an exponent and a mantissa that stand at the top of a float's.
// `scale` is two to what the float's exponent is too small by, as for F16.
template <int kMantissaBits>
float DecodeF8(uint8_t stored, float scale) {
  const uint32_t sign = static_cast<uint32_t>(stored & 0x80) << 24;
  const uint32_t magnitude = static_cast<uint32_t>(stored & 0x7f)
                             << (23 - kMantissaBits);
  return BitCast<float>(sign |
                        BitCast<uint32_t>(BitCast<float>(magnitude) * scale));
}

// The formats of 8 bits are those of files alone, so they are only decoded.
// F8E5M2 is the upper half of an F16; the others have no infinities.
struct F8E5M2 {
  using Stored = uint8_t;
  static float Decode(uint8_t stored) {
    return F16::Decode(static_cast<uint16_t>(stored << 8));
  }
};

struct F8E4M3 {
  using Stored = uint8_t;
  static float Decode(uint8_t stored) {
    return (stored & 0x7f) == 0x7f ? kNan : DecodeF8<3>(stored, 0x1p120f);
  }
};

struct F8E4M3FNUZ {
  using Stored = uint8_t;
  static float Decode(uint8_t stored) {
    return stored == 0x80 ? kNan : DecodeF8<3>(stored, 0x1p119f);
  }
};

struct F8E5M2FNUZ {
  using Stored = uint8_t;
  static float Decode(uint8_t stored) {
    return stored == 0x80 ? kNan : DecodeF8<2>(stored, 0x1p111f);
  }
};

// The exponent of a float alone.
struct F8E8M0 {
  using Stored = uint8_t;
  static float Decode(uint8_t stored) {
    if (stored == 0) return 0x1p-127f;
    return stored == 0xff ? kNan
                          : BitCast<float>(static_cast<uint32_t>(stored) << 23);
  }
};

template <typename From, typename To>
void CastElements(absl::Span<const std::byte> in, absl::Span<std::byte> out) {
  typename From::Stored from;
  typename To::Stored to;
  const size_t count = in.size() / sizeof(from);
  CHECK_EQ(in.size(), count * sizeof(from));
  CHECK_EQ(out.size(), count * sizeof(to));
  for (size_t i = 0; i < count; ++i) {
    std::memcpy(&from, in.data() + i * sizeof(from), sizeof(from));
    to = To::Encode(From::Decode(from));
    std::memcpy(out.data() + i * sizeof(to), &to, sizeof(to));
  }
}

template <typename From>
void CastFrom(absl::Span<const std::byte> in, DType to,
              absl::Span<std::byte> out) {
  switch (to) {
    case DType::kF16:
      return CastElements<From, F16>(in, out);
    case DType::kBF16:
      return CastElements<From, BF16>(in, out);
    case DType::kF32:
      return CastElements<From, F32>(in, out);
    case DType::kF64:
      return CastElements<From, F64>(in, out);
    default:
      LOG(FATAL) << "no cast to " << NameOf(to);
  }
}

bool CanCastTo(DType dtype) {
  return dtype == DType::kF16 || dtype == DType::kBF16 ||
         dtype == DType::kF32 || dtype == DType::kF64;
}

// Floats of less than a byte are in no element of their own.
bool CanCastFrom(DType dtype) {
  return IsFloatingPoint(dtype) && BitsOf(dtype) >= 8;
}

}  // namespace

bool CanCast(DType from, DType to) {
  return from != to && CanCastFrom(from) && CanCastTo(to);
}

void Cast(DType from, absl::Span<const std::byte> in, DType to,
          absl::Span<std::byte> out) {
  CHECK(CanCast(from, to)) << NameOf(from) << " to " << NameOf(to);
  switch (from) {
    case DType::kF8E5M2:
      return CastFrom<F8E5M2>(in, to, out);
    case DType::kF8E4M3:
      return CastFrom<F8E4M3>(in, to, out);
    case DType::kF8E8M0:
      return CastFrom<F8E8M0>(in, to, out);
    case DType::kF8E4M3FNUZ:
      return CastFrom<F8E4M3FNUZ>(in, to, out);
    case DType::kF8E5M2FNUZ:
      return CastFrom<F8E5M2FNUZ>(in, to, out);
    case DType::kF16:
      return CastFrom<F16>(in, to, out);
    case DType::kBF16:
      return CastFrom<BF16>(in, to, out);
    case DType::kF32:
      return CastFrom<F32>(in, to, out);
    case DType::kF64:
      return CastFrom<F64>(in, to, out);
    default:
      LOG(FATAL) << "no cast from " << NameOf(from);
  }
}

}  // namespace transformerd
