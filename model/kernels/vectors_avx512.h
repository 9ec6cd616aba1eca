// Vectors of 16 floats in AVX-512 registers.
#pragma once

#include <immintrin.h>

#include <cstdint>

namespace transformerd::kernels {

// AVX-512 F, BW, DQ and VL. What bfloat16 needs is made of integer operations.
struct Avx512 {
  using Floats = __m512;

  // The largest tile of sums that the registers hold beside its operands.
  static constexpr int kMaxRows = 8;
  static constexpr int kMaxVectors = 3;

  static Floats Zero() { return _mm512_setzero_ps(); }
  static Floats Set(float x) { return _mm512_set1_ps(x); }
  static Floats Load(const float* p) { return _mm512_loadu_ps(p); }
  static void Store(float* p, Floats x) { _mm512_storeu_ps(p, x); }

  static Floats Add(Floats a, Floats b) { return _mm512_add_ps(a, b); }
  static Floats Sub(Floats a, Floats b) { return _mm512_sub_ps(a, b); }
  static Floats Mul(Floats a, Floats b) { return _mm512_mul_ps(a, b); }
  static Floats Div(Floats a, Floats b) { return _mm512_div_ps(a, b); }
  static Floats Max(Floats a, Floats b) { return _mm512_max_ps(a, b); }
  static Floats Min(Floats a, Floats b) { return _mm512_min_ps(a, b); }
  // a * b + c.
  static Floats Fma(Floats a, Floats b, Floats c) {
    return _mm512_fmadd_ps(a, b, c);
  }
  static Floats Abs(Floats x) { return _mm512_abs_ps(x); }
  // The magnitude of a with the sign of b.
  static Floats CopySign(Floats a, Floats b) {
    const __m512 sign = _mm512_set1_ps(-0.0f);
    return _mm512_or_ps(_mm512_andnot_ps(sign, a), _mm512_and_ps(sign, b));
  }
  static Floats Round(Floats x) {
    return _mm512_roundscale_ps(x,
                                _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  }
  // x * 2^n of an n that is whole; 0 where that is too small.
  static Floats Scale(Floats x, Floats n) { return _mm512_scalef_ps(x, n); }
  static float Sum(Floats x) { return _mm512_reduce_add_ps(x); }
  static float MaxOf(Floats x) { return _mm512_reduce_max_ps(x); }

  // The first n lanes of x, and `otherwise` in the others.
  static Floats First(int n, Floats x, Floats otherwise) {
    return _mm512_mask_blend_ps(static_cast<__mmask16>((1u << n) - 1),
                                otherwise, x);
  }
  // x in the lanes whose bit is set.
  static Floats Select(uint16_t lanes, Floats x, Floats otherwise) {
    return _mm512_mask_blend_ps(lanes, otherwise, x);
  }

  // 16 bfloat16 as floats, and the reverse, to the nearest even.
  static Floats LoadHalf(const uint16_t* p) {
    const __m256i half =
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_cvtepu16_epi32(half), 16));
  }
  static void StoreHalf(uint16_t* p, Floats x) {
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
  static Floats BroadcastUnit(const void* p) {
    return _mm512_set1_ps(*static_cast<const float*>(p));
  }
  static Floats LoadUnits(const void* p) { return _mm512_loadu_ps(p); }

  // sum + a b, of units that hold a float, or two bfloat16.
  static Floats DotFloat(Floats a, Floats b, Floats sum) {
    return Fma(a, b, sum);
  }
  static Floats DotHalves(Floats a, Floats b, Floats sum) {
    return Fma(High(a), High(b), Fma(Low(a), Low(b), sum));
  }

 private:
  static Floats Low(Floats units) {
    return _mm512_castsi512_ps(
        _mm512_slli_epi32(_mm512_castps_si512(units), 16));
  }
  static Floats High(Floats units) {
    return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(units),
                                                _mm512_set1_epi32(0xffff0000)));
  }
};

}  // namespace transformerd::kernels
