// Vectors of 16 floats where the processor multiplies bytes itself.
#pragma once

#include "model/kernels/vectors_avx512.h"

namespace transformerd::kernels {

// AVX-512 with VNNI, which multiplies four times as many bytes as floats.
struct Avx512Vnni : Avx512 {
  // Four products of uint8 and int8 are added to an int32 at once: no int16 in
  // between could saturate.
  static TRANSFORMERD_INLINE Floats DotBytes(Floats a, Floats b, Floats sum) {
    return _mm512_castsi512_ps(_mm512_dpbusd_epi32(_mm512_castps_si512(sum),
                                                   _mm512_castps_si512(a),
                                                   _mm512_castps_si512(b)));
  }
};

}  // namespace transformerd::kernels
