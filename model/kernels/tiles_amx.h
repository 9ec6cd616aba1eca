// Intel's Advanced Matrix Extensions: AMX-TILE, AMX-BF16 and AMX-INT8.
#pragma once

#include <cstdint>
#include <type_traits>

#include "model/kernels/elements.h"

namespace transformerd::kernels {

// Tiles belong to the thread. The system saves them with its other registers
// once the process was allowed to use them (see DetectCpuFeatures).
//
// Assembly, as g++ 12 has its intrinsics in macros that take no template
// arguments for tiles, and that do not say that loads read memory.
struct AmxTiles {
  // Eight tiles of 16 rows of 64 bytes.
  static void Configure() {
    struct alignas(64) Configuration {
      uint8_t palette = 1;
      uint8_t start_row = 0;
      uint8_t reserved[14] = {};
      uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
      uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
    };
    static_assert(sizeof(Configuration) == 64);
    const Configuration configuration;
    asm volatile("ldtilecfg %0" ::"m"(configuration));
  }
  // Switching threads is cheaper without tiles in use.
  static void Release() { asm volatile("tilerelease"); }

  template <int kTile>
  static void Zero() {
    asm volatile("tilezero %%tmm%c0" ::"i"(kTile));
  }
  template <int kTile>
  static void Load(const void* from, int64_t stride) {
    asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride),
                 "i"(kTile)
                 : "memory");
  }
  template <int kTile>
  static void LoadOnce(const void* from, int64_t stride) {
    asm volatile("tileloaddt1 (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride),
                 "i"(kTile)
                 : "memory");
  }
  template <int kTile>
  static void Store(void* to, int64_t stride) {
    asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride),
                 "i"(kTile)
                 : "memory");
  }
  // sums += a b of pairs of bfloat16, or of four uint8 and int8.
  template <typename E, int kSums, int kA, int kB>
  static void Dot() {
    if constexpr (std::is_same_v<E, Int8>) {
      asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kA),
                   "i"(kB));
    } else {
      asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums),
                   "i"(kA), "i"(kB));
    }
  }
};

}  // namespace transformerd::kernels
