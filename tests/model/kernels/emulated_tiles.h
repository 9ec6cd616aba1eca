// A matrix unit in plain C++, for processors that have none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "model/kernels/elements.h"

namespace transformerd::kernels {

// What tiles_amx.h says the processor does, except for its rounding of numbers
// that are not normal. Checks that tiles are used only while configured.
struct EmulatedTiles {
  static void Configure();
  static void Release();

  template <int kTile>
  static void Zero() {
    static_assert(kTile >= 0 && kTile < 8);
    ZeroTile(kTile);
  }
  template <int kTile>
  static void Load(const void* from, int64_t stride) {
    static_assert(kTile >= 0 && kTile < 8);
    LoadTile(kTile, static_cast<const std::byte*>(from), stride);
  }
  template <int kTile>
  static void LoadOnce(const void* from, int64_t stride) {
    Load<kTile>(from, stride);
  }
  template <int kTile>
  static void Store(void* to, int64_t stride) {
    static_assert(kTile >= 0 && kTile < 8);
    StoreTile(kTile, static_cast<std::byte*>(to), stride);
  }
  template <typename E, int kSums, int kA, int kB>
  static void Dot() {
    static_assert(kSums != kA && kSums != kB && kA != kB);
    if constexpr (std::is_same_v<E, Int8>) {
      DotBytes(kSums, kA, kB);
    } else {
      DotHalves(kSums, kA, kB);
    }
  }

 private:
  static void ZeroTile(int tile);
  static void LoadTile(int tile, const std::byte* from, int64_t stride);
  static void StoreTile(int tile, std::byte* to, int64_t stride);
  static void DotHalves(int sums, int a, int b);
  static void DotBytes(int sums, int a, int b);
};

}  // namespace transformerd::kernels
