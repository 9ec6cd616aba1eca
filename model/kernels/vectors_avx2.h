// Vectors of 16 floats in pairs of AVX2 registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"

namespace transformerd::kernels {

// AVX2 and FMA. What bfloat16 needs is made of integer operations.
struct Avx2 {
  struct Floats {
    __m256 low, high;
  };

  static constexpr int kMaxRows = 6;
  static constexpr int kMaxVectors = 1;

  static TRANSFORMERD_INLINE Floats Zero() { return Set(0); }
  static TRANSFORMERD_INLINE Floats Set(float x) {
    return {_mm256_set1_ps(x), _mm256_set1_ps(x)};
  }
  static TRANSFORMERD_INLINE Floats Load(const float* p) {
    return {_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8)};
  }
  static TRANSFORMERD_INLINE void Store(float* p, Floats x) {
    _mm256_storeu_ps(p, x.low);
    _mm256_storeu_ps(p + 8, x.high);
  }

  static TRANSFORMERD_INLINE Floats Add(Floats a, Floats b) {
    return {_mm256_add_ps(a.low, b.low), _mm256_add_ps(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Sub(Floats a, Floats b) {
    return {_mm256_sub_ps(a.low, b.low), _mm256_sub_ps(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Mul(Floats a, Floats b) {
    return {_mm256_mul_ps(a.low, b.low), _mm256_mul_ps(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Div(Floats a, Floats b) {
    return {_mm256_div_ps(a.low, b.low), _mm256_div_ps(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Max(Floats a, Floats b) {
    return {_mm256_max_ps(a.low, b.low), _mm256_max_ps(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Min(Floats a, Floats b) {
    return {_mm256_min_ps(a.low, b.low), _mm256_min_ps(a.high, b.high)};
  }
  // a * b + c.
  static TRANSFORMERD_INLINE Floats Fma(Floats a, Floats b, Floats c) {
    return {_mm256_fmadd_ps(a.low, b.low, c.low),
            _mm256_fmadd_ps(a.high, b.high, c.high)};
  }
  static TRANSFORMERD_INLINE Floats Abs(Floats x) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return {_mm256_andnot_ps(sign, x.low), _mm256_andnot_ps(sign, x.high)};
  }
  // The magnitude of a with the sign of b.
  static TRANSFORMERD_INLINE Floats CopySign(Floats a, Floats b) {
    return {CopySign(a.low, b.low), CopySign(a.high, b.high)};
  }
  static TRANSFORMERD_INLINE Floats Round(Floats x) {
    constexpr int kNearest = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
    return {_mm256_round_ps(x.low, kNearest),
            _mm256_round_ps(x.high, kNearest)};
  }
  // x * 2^n of an n that is whole; 0 where that is too small.
  static TRANSFORMERD_INLINE Floats Scale(Floats x, Floats n) {
    return {Scale(x.low, n.low), Scale(x.high, n.high)};
  }
  static TRANSFORMERD_INLINE float Sum(Floats x) {
    const __m256 eight = _mm256_add_ps(x.low, x.high);
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(eight),
                                   _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps(two, two, 1)));
  }
  static TRANSFORMERD_INLINE float MaxOf(Floats x) {
    const __m256 eight = _mm256_max_ps(x.low, x.high);
    const __m128 four = _mm_max_ps(_mm256_castps256_ps128(eight),
                                   _mm256_extractf128_ps(eight, 1));
    const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
  }

  // The first n lanes of x, and `otherwise` in the others.
  static TRANSFORMERD_INLINE Floats First(int n, Floats x, Floats otherwise) {
    return Select(static_cast<uint16_t>((1u << n) - 1), x, otherwise);
  }
  // x in the lanes whose bit is set.
  static TRANSFORMERD_INLINE Floats Select(uint16_t lanes, Floats x,
                                           Floats otherwise) {
    return {Select(static_cast<uint8_t>(lanes), x.low, otherwise.low),
            Select(static_cast<uint8_t>(lanes >> 8), x.high, otherwise.high)};
  }

  // 16 bfloat16 as floats, and the reverse, to the nearest even.
  static TRANSFORMERD_INLINE Floats LoadHalf(const uint16_t* p) {
    return {LoadEightHalves(p), LoadEightHalves(p + 8)};
  }
  static TRANSFORMERD_INLINE void StoreHalf(uint16_t* p, Floats x) {
    const __m256i packed =
        _mm256_packus_epi32(ToHalves(x.low), ToHalves(x.high));
    // Packing works within each half of a register.
    _mm256_storeu_si256(
        reinterpret_cast<__m256i*>(p),
        _mm256_permute4x64_epi64(packed, _MM_SHUFFLE(3, 1, 2, 0)));
  }

  // One unit in all lanes; 16 units.
  static TRANSFORMERD_INLINE Floats BroadcastUnit(const void* p) {
    return Set(*static_cast<const float*>(p));
  }
  static TRANSFORMERD_INLINE Floats LoadUnits(const void* p) {
    return Load(static_cast<const float*>(p));
  }

  // 16 rows of 16 units, `from_stride` bytes apart, as columns that are
  // `to_stride` bytes apart; rows from `rows` on are zeros.
  static TRANSFORMERD_INLINE void Transpose(const std::byte* from,
                                            int64_t from_stride, int rows,
                                            std::byte* to, int64_t to_stride) {
    for (int row = 0; row < 16; row += 8) {
      for (int unit = 0; unit < 16; unit += 8) {
        TransposeEight(from + row * from_stride + unit * sizeof(float),
                       from_stride, rows - row,
                       to + unit * to_stride + row * sizeof(float), to_stride);
      }
    }
  }

  // 32 halves of each of two rows in turn: 32 units.
  static TRANSFORMERD_INLINE void Interleave(const uint16_t* first,
                                             const uint16_t* second,
                                             std::byte* to) {
    for (int i = 0; i < 32; i += 16) {
      const __m256i a =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(first + i));
      const __m256i b =
          _mm256_loadu_si256(reinterpret_cast<const __m256i*>(second + i));
      // Within halves of a register.
      const __m256i low = _mm256_unpacklo_epi16(a, b);
      const __m256i high = _mm256_unpackhi_epi16(a, b);
      auto* const units = reinterpret_cast<__m256i*>(to + i * 4);
      _mm256_storeu_si256(units, _mm256_permute2x128_si256(low, high, 0x20));
      _mm256_storeu_si256(units + 1,
                          _mm256_permute2x128_si256(low, high, 0x31));
    }
  }

  // The nearest uint8 to each of 16 numbers of [-1, 256].
  static TRANSFORMERD_INLINE void StoreBytes(uint8_t* p, Floats x) {
    const __m256i pairs = _mm256_packus_epi32(_mm256_cvtps_epi32(x.low),
                                              _mm256_cvtps_epi32(x.high));
    // Packing works within each half of a register.
    const __m256i in_order =
        _mm256_permute4x64_epi64(pairs, _MM_SHUFFLE(3, 1, 2, 0));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm_packus_epi16(_mm256_castsi256_si128(in_order),
                                      _mm256_extracti128_si256(in_order, 1)));
  }
  // sums - zero_point * weight_sums, of 16 int32 each.
  static TRANSFORMERD_INLINE Floats FloatsOfSums(const float* sums,
                                                 const int32_t* weight_sums,
                                                 int32_t zero_point) {
    return {FloatsOfEightSums(sums, weight_sums, zero_point),
            FloatsOfEightSums(sums + 8, weight_sums + 8, zero_point)};
  }

  // sum + a b, of units that hold a float, two bfloat16, or four bytes: uint8
  // in a, int8 in b.
  static TRANSFORMERD_INLINE Floats DotFloat(Floats a, Floats b, Floats sum) {
    return Fma(a, b, sum);
  }
  static TRANSFORMERD_INLINE Floats DotHalves(Floats a, Floats b, Floats sum) {
    return Fma(High(a), High(b), Fma(Low(a), Low(b), sum));
  }
  static TRANSFORMERD_INLINE Floats DotBytes(Floats a, Floats b, Floats sum) {
    return {DotBytes(a.low, b.low, sum.low),
            DotBytes(a.high, b.high, sum.high)};
  }

 private:
  // Bytes become int16, the even and the odd ones: products of bytes that are
  // added in pairs (vpmaddubsw) would saturate.
  static TRANSFORMERD_INLINE __m256 DotBytes(__m256 a, __m256 b, __m256 sum) {
    const __m256i u = _mm256_castps_si256(a);
    const __m256i q = _mm256_castps_si256(b);
    const __m256i even =
        _mm256_madd_epi16(_mm256_and_si256(u, _mm256_set1_epi16(0xff)),
                          _mm256_srai_epi16(_mm256_slli_epi16(q, 8), 8));
    const __m256i odd =
        _mm256_madd_epi16(_mm256_srli_epi16(u, 8), _mm256_srai_epi16(q, 8));
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(sum),
                                                _mm256_add_epi32(even, odd)));
  }
  static TRANSFORMERD_INLINE __m256 FloatsOfEightSums(
      const float* sums, const int32_t* weight_sums, int32_t zero_point) {
    const __m256i shift = _mm256_mullo_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(weight_sums)),
        _mm256_set1_epi32(zero_point));
    return _mm256_cvtepi32_ps(_mm256_sub_epi32(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(sums)), shift));
  }
  static TRANSFORMERD_INLINE void TransposeEight(const std::byte* from,
                                                 int64_t from_stride, int rows,
                                                 std::byte* to,
                                                 int64_t to_stride) {
    __m256 r[8], t[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      r[i] = i < rows ? _mm256_loadu_ps(reinterpret_cast<const float*>(
                            from + i * from_stride))
                      : _mm256_setzero_ps();
    }
#pragma GCC unroll 2
    for (int i = 0; i < 8; i += 4) {
      const __m256 a = _mm256_unpacklo_ps(r[i], r[i + 1]);
      const __m256 b = _mm256_unpackhi_ps(r[i], r[i + 1]);
      const __m256 c = _mm256_unpacklo_ps(r[i + 2], r[i + 3]);
      const __m256 d = _mm256_unpackhi_ps(r[i + 2], r[i + 3]);
      t[i] = _mm256_shuffle_ps(a, c, 0x44);
      t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
      t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
      t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
    }
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      _mm256_storeu_ps(reinterpret_cast<float*>(to + j * to_stride),
                       _mm256_permute2f128_ps(t[j], t[4 + j], 0x20));
      _mm256_storeu_ps(reinterpret_cast<float*>(to + (4 + j) * to_stride),
                       _mm256_permute2f128_ps(t[j], t[4 + j], 0x31));
    }
  }
  static TRANSFORMERD_INLINE __m256 CopySign(__m256 a, __m256 b) {
    const __m256 sign = _mm256_set1_ps(-0.0f);
    return _mm256_or_ps(_mm256_andnot_ps(sign, a), _mm256_and_ps(sign, b));
  }
  // In two steps, so that each power of two is a normal number.
  static TRANSFORMERD_INLINE __m256 Scale(__m256 x, __m256 n) {
    const __m256 clamped = _mm256_max_ps(_mm256_min_ps(n, _mm256_set1_ps(252)),
                                         _mm256_set1_ps(-252));
    const __m256i whole = _mm256_cvtps_epi32(clamped);
    const __m256i half = _mm256_srai_epi32(whole, 1);
    const __m256i rest = _mm256_sub_epi32(whole, half);
    return _mm256_mul_ps(_mm256_mul_ps(x, PowerOfTwo(half)), PowerOfTwo(rest));
  }
  static TRANSFORMERD_INLINE __m256 PowerOfTwo(__m256i n) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
  }
  static TRANSFORMERD_INLINE __m256 Select(uint8_t lanes, __m256 x,
                                           __m256 otherwise) {
    const __m256i bits = _mm256_setr_epi32(1, 2, 4, 8, 16, 32, 64, 128);
    const __m256i set = _mm256_and_si256(_mm256_set1_epi32(lanes), bits);
    return _mm256_blendv_ps(otherwise, x,
                            _mm256_castsi256_ps(_mm256_cmpeq_epi32(set, bits)));
  }
  static TRANSFORMERD_INLINE __m256 LoadEightHalves(const uint16_t* p) {
    const __m128i halves = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_cvtepu16_epi32(halves), 16));
  }
  // Each in the low half of its lane.
  static TRANSFORMERD_INLINE __m256i ToHalves(__m256 x) {
    const __m256i bits = _mm256_castps_si256(x);
    const __m256i odd =
        _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i rounded = _mm256_add_epi32(
        bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
    // Rounding could carry a NaN's payload into infinity.
    const __m256 quiet =
        _mm256_castsi256_ps(_mm256_or_si256(bits, _mm256_set1_epi32(0x400000)));
    const __m256 kept = _mm256_blendv_ps(_mm256_castsi256_ps(rounded), quiet,
                                         _mm256_cmp_ps(x, x, _CMP_UNORD_Q));
    return _mm256_srli_epi32(_mm256_castps_si256(kept), 16);
  }
  static TRANSFORMERD_INLINE Floats Low(Floats units) {
    return {Low(units.low), Low(units.high)};
  }
  static TRANSFORMERD_INLINE Floats High(Floats units) {
    return {High(units.low), High(units.high)};
  }
  static TRANSFORMERD_INLINE __m256 Low(__m256 units) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_castps_si256(units), 16));
  }
  static TRANSFORMERD_INLINE __m256 High(__m256 units) {
    return _mm256_castsi256_ps(_mm256_and_si256(_mm256_castps_si256(units),
                                                _mm256_set1_epi32(0xffff0000)));
  }
};

}  // namespace transformerd::kernels
