// What the kernels must know of the two dtypes that they compute in, and of the
// one that they only multiply.
#pragma once

#include <cstddef>
#include <cstdint>

namespace transformerd::kernels {

// Functions that all kernels share must not be compiled by themselves: one copy
// of each is kept when a program is linked, and it could be one of instructions
// that this processor lacks.
#define TRANSFORMERD_INLINE inline __attribute__((always_inline))

// A number that a function's type is made of.
template <int kValue>
struct Constant {
  static constexpr int value = kValue;
};

struct Float32 {
  using Stored = float;
  static constexpr int kPerUnit = 1;
  // Terms of 2^x: relative error 7.5e-8.
  static constexpr bool kIsPrecise = true;

  template <typename V>
  static TRANSFORMERD_INLINE typename V::Floats Load(const Stored* p) {
    return V::Load(p);
  }
  template <typename V>
  static TRANSFORMERD_INLINE void Store(Stored* p, typename V::Floats x) {
    V::Store(p, x);
  }
  template <typename V>
  static TRANSFORMERD_INLINE typename V::Floats Dot(typename V::Floats a,
                                                    typename V::Floats b,
                                                    typename V::Floats sum) {
    return V::DotFloat(a, b, sum);
  }
  // A panel's 64 bytes of `kPerUnit` neighbouring rows as units.
  template <typename V>
  static TRANSFORMERD_INLINE void PackRows(const std::byte* rows, int64_t,
                                           std::byte* units) {
    __builtin_memcpy(units, rows, 64);
  }
  static TRANSFORMERD_INLINE float Decode(Stored value) { return value; }
  static TRANSFORMERD_INLINE Stored Encode(float value) { return value; }
};

struct BFloat16 {
  using Stored = uint16_t;
  static constexpr int kPerUnit = 2;
  // Rounding costs a relative error of 4e-3; that of the functions is below
  // 2e-4.
  static constexpr bool kIsPrecise = false;

  template <typename V>
  static TRANSFORMERD_INLINE typename V::Floats Load(const Stored* p) {
    return V::LoadHalf(p);
  }
  template <typename V>
  static TRANSFORMERD_INLINE void Store(Stored* p, typename V::Floats x) {
    V::StoreHalf(p, x);
  }
  template <typename V>
  static TRANSFORMERD_INLINE typename V::Floats Dot(typename V::Floats a,
                                                    typename V::Floats b,
                                                    typename V::Floats sum) {
    return V::DotHalves(a, b, sum);
  }
  template <typename V>
  static TRANSFORMERD_INLINE void PackRows(const std::byte* rows,
                                           int64_t stride, std::byte* units) {
    V::Interleave(reinterpret_cast<const Stored*>(rows),
                  reinterpret_cast<const Stored*>(rows + stride), units);
  }
  static TRANSFORMERD_INLINE float Decode(Stored value) {
    const uint32_t bits = static_cast<uint32_t>(value) << 16;
    float decoded;
    __builtin_memcpy(&decoded, &bits, sizeof(decoded));
    return decoded;
  }
  // To the nearest even; a NaN stays one.
  static TRANSFORMERD_INLINE Stored Encode(float value) {
    uint32_t bits;
    __builtin_memcpy(&bits, &value, sizeof(bits));
    if (value != value) return static_cast<Stored>((bits >> 16) | 0x40);
    return static_cast<Stored>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
  }
};

// Rows of uint8, weights of int8. Sums are int32: vectors of floats and memory
// of floats hold their bits, until V::FloatsOfSums makes numbers of them.
struct Int8 {
  template <typename V>
  static TRANSFORMERD_INLINE typename V::Floats Dot(typename V::Floats a,
                                                    typename V::Floats b,
                                                    typename V::Floats sum) {
    return V::DotBytes(a, b, sum);
  }
};

}  // namespace transformerd::kernels
