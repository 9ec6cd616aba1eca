// Vectors of 16 floats in AVX-512 registers.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "model/kernels/elements.h"

namespace transformerd::kernels {

// AVX-512 F, BW, DQ and VL. What bfloat16 needs is made of integer operations.
struct Avx512 {
  using Floats = __m512;

  // The largest tile of sums that the registers hold beside its operands. With
  // 8 x 2 a pass takes 1.12 to 1.17 times as long, with 6 x 3 up to 1.03 times.
  static constexpr int kMaxRows = 8;
  static constexpr int kMaxVectors = 3;

  static TRANSFORMERD_INLINE Floats Zero() { return _mm512_setzero_ps(); }
  static TRANSFORMERD_INLINE Floats Set(float x) { return _mm512_set1_ps(x); }
  static TRANSFORMERD_INLINE Floats Load(const float* p) {
    return _mm512_loadu_ps(p);
  }
  static TRANSFORMERD_INLINE void Store(float* p, Floats x) {
    _mm512_storeu_ps(p, x);
  }

  static TRANSFORMERD_INLINE Floats Add(Floats a, Floats b) {
    return _mm512_add_ps(a, b);
  }
  static TRANSFORMERD_INLINE Floats Sub(Floats a, Floats b) {
    return _mm512_sub_ps(a, b);
  }
  static TRANSFORMERD_INLINE Floats Mul(Floats a, Floats b) {
    return _mm512_mul_ps(a, b);
  }
  static TRANSFORMERD_INLINE Floats Div(Floats a, Floats b) {
    return _mm512_div_ps(a, b);
  }
  static TRANSFORMERD_INLINE Floats Max(Floats a, Floats b) {
    return _mm512_max_ps(a, b);
  }
  static TRANSFORMERD_INLINE Floats Min(Floats a, Floats b) {
    return _mm512_min_ps(a, b);
  }
  // a * b + c.
  static TRANSFORMERD_INLINE Floats Fma(Floats a, Floats b, Floats c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  static TRANSFORMERD_INLINE Floats Abs(Floats x) { return _mm512_abs_ps(x); }
  // The magnitude of a with the sign of b.
  static TRANSFORMERD_INLINE Floats CopySign(Floats a, Floats b) {
    const __m512 sign = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
  }
  static TRANSFORMERD_INLINE Floats Round(Floats x) {
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // x * 2^n of an n that is whole; 0 where that is too small.
  static TRANSFORMERD_INLINE Floats Scale(Floats x, Floats n) {
    return _mm512_scalef_ps(x, n);
  }
  static TRANSFORMERD_INLINE float Sum(Floats x) {
    return _mm512_reduce_add_ps(x);
  }
  static TRANSFORMERD_INLINE float MaxOf(Floats x) {
    return _mm512_reduce_max_ps(x);
  }

  // The first n lanes of x, and `otherwise` in the others.
  static TRANSFORMERD_INLINE Floats First(int n, Floats x, Floats otherwise) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>((1u << n) - 1),
                                otherwise, x);
  }
  // x in the lanes whose bit is set.
  static TRANSFORMERD_INLINE Floats Select(uint16_t lanes, Floats x,
                                           Floats otherwise) {
    return _mm512_mask_blend_ps(lanes, otherwise, x);
  }

  // 16 bfloat16 as floats, and the reverse, to the nearest even.
  static TRANSFORMERD_INLINE Floats LoadHalf(const uint16_t* p) {
    const __m256i half =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
  static TRANSFORMERD_INLINE void StoreHalf(uint16_t* p, Floats x) {
    const __m512i bits = _mm512_castps_si512(x);
    const __m512i odd =
        _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    const __m512i rounded = _mm512_add_epi32(
        bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
    // Rounding could carry a NaN's payload into infinity.
    const __mmask16 is_nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
    const __m512i kept = _mm512_mask_blend_epi32(
        is_nan, rounded, _mm512_or_si512(bits, _mm512_set1_epi32(0x400000)));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                        _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16)));
  }

  // One unit in all lanes; 16 units.
  static TRANSFORMERD_INLINE Floats BroadcastUnit(const void* p) {
    return _mm512_set1_ps(*static_cast<const float*>(p));
  }
  static TRANSFORMERD_INLINE Floats LoadUnits(const void* p) {
    return _mm512_loadu_ps(p);
  }

  // 16 rows of 16 units, `from_stride` bytes apart, as columns that are
  // `to_stride` bytes apart; rows from `rows` on are zeros.
  static TRANSFORMERD_INLINE void Transpose(const std::byte* from,
                                            int64_t from_stride, int rows,
                                            std::byte* to, int64_t to_stride) {
    __m512 r[16], t[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      r[i] = i < rows ? _mm512_loadu_ps(from + i * from_stride) : Zero();
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
      const __m512 a = _mm512_unpacklo_ps(r[i], r[i + 1]);
      const __m512 b = _mm512_unpackhi_ps(r[i], r[i + 1]);
      const __m512 c = _mm512_unpacklo_ps(r[i + 2], r[i + 3]);
      const __m512 d = _mm512_unpackhi_ps(r[i + 2], r[i + 3]);
      t[i] = _mm512_shuffle_ps(a, c, 0x44);
      t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
      t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
      t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
    }
    // t[4 k + j] holds, in its quarters q, the units 4 q + j of rows 4 k on.
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      const __m512 a = _mm512_shuffle_f32x4(t[j], t[4 + j], 0x44);
      const __m512 b = _mm512_shuffle_f32x4(t[j], t[4 + j], 0xee);
      const __m512 c = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0x44);
      const __m512 d = _mm512_shuffle_f32x4(t[8 + j], t[12 + j], 0xee);
      _mm512_storeu_ps(to + j * to_stride, _mm512_shuffle_f32x4(a, c, 0x88));
      _mm512_storeu_ps(to + (4 + j) * to_stride,
                       _mm512_shuffle_f32x4(a, c, 0xdd));
      _mm512_storeu_ps(to + (8 + j) * to_stride,
                       _mm512_shuffle_f32x4(b, d, 0x88));
      _mm512_storeu_ps(to + (12 + j) * to_stride,
                       _mm512_shuffle_f32x4(b, d, 0xdd));
    }
  }

  // 32 halves of each of two rows in turn: 32 units.
  static TRANSFORMERD_INLINE void Interleave(const uint16_t* first,
                                             const uint16_t* second,
                                             std::byte* to) {
    const __m512i a = _mm512_loadu_si512(first);
    const __m512i b = _mm512_loadu_si512(second);
    // Within quarters of a register.
    const __m512i low = _mm512_unpacklo_epi16(a, b);
    const __m512i high = _mm512_unpackhi_epi16(a, b);
    const __m512i begin = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
    const __m512i end = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
    _mm512_storeu_si512(to, _mm512_permutex2var_epi64(low, begin, high));
    _mm512_storeu_si512(to + 64, _mm512_permutex2var_epi64(low, end, high));
  }

  // The nearest uint8 to each of 16 numbers of [-1, 256].
  static TRANSFORMERD_INLINE void StoreBytes(uint8_t* p, Floats x) {
    const __m512i whole =
        _mm512_max_epi32(_mm512_cvtps_epi32(x), _mm512_setzero_si512());
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm512_cvtusepi32_epi8(whole));
  }
  // sums - zero_point * weight_sums, of 16 int32 each.
  static TRANSFORMERD_INLINE Floats FloatsOfSums(const float* sums,
                                                 const int32_t* weight_sums,
                                                 int32_t zero_point) {
    const __m512i shift = _mm512_mullo_epi32(_mm512_loadu_si512(weight_sums),
                                             _mm512_set1_epi32(zero_point));
    return _mm512_cvtepi32_ps(
        _mm512_sub_epi32(_mm512_loadu_si512(sums), shift));
  }

  // sum + a b, of units that hold a float, two bfloat16, or four bytes: uint8
  // in a, int8 in b.
  static TRANSFORMERD_INLINE Floats DotFloat(Floats a, Floats b, Floats sum) {
    return Fma(a, b, sum);
  }
  static TRANSFORMERD_INLINE Floats DotHalves(Floats a, Floats b, Floats sum) {
    return Fma(High(a), High(b), Fma(Low(a), Low(b), sum));
  }
  // Bytes become int16, the even and the odd ones: products of bytes that are
  // added in pairs (vpmaddubsw) would saturate.
  static TRANSFORMERD_INLINE Floats DotBytes(Floats a, Floats b, Floats sum) {
    const __m512i u = _mm512_castps_si512(a);
    const __m512i q = _mm512_castps_si512(b);
    const __m512i even =
        _mm512_madd_epi16(_mm512_and_si512(u, _mm512_set1_epi16(0xff)),
                          _mm512_srai_epi16(_mm512_slli_epi16(q, 8), 8));
    const __m512i odd =
        _mm512_madd_epi16(_mm512_srli_epi16(u, 8), _mm512_srai_epi16(q, 8));
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(sum),
                                                _mm512_add_epi32(even, odd)));
  }

 private:
  static TRANSFORMERD_INLINE Floats Low(Floats units) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_castps_si512(units), 16));
  }
  static TRANSFORMERD_INLINE Floats High(Floats units) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(units),
                                                _mm512_set1_epi32(0xffff0000)));
  }
};

}  // namespace transformerd::kernels
