// Vectors of 16 floats where the processor multiplies bfloat16 itself.
#pragma once

#include "model/kernels/vectors_avx512vnni.h"

namespace transformerd::kernels {

// AVX-512 with BF16, which multiplies twice as many bfloat16 as floats.
struct Avx512Bf16 : Avx512Vnni {
  static TRANSFORMERD_INLINE void StoreHalf(uint16_t* p, Floats x) {
    // A copy, as the type is not one that memory of integers may be read as.
    const __m256bh half = _mm512_cvtneps_pbh(x);
    __builtin_memcpy(p, &half, sizeof(half));
  }
  static TRANSFORMERD_INLINE Floats DotHalves(Floats a, Floats b, Floats sum) {
    __m512bh a_halves, b_halves;
    __builtin_memcpy(&a_halves, &a, sizeof(a));
    __builtin_memcpy(&b_halves, &b, sizeof(b));
    return _mm512_dpbf16_ps(sum, a_halves, b_halves);
  }
};

}  // namespace transformerd::kernels
