#include "tests/benchmarks/inference/peak.h"

#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"
#include "tests/benchmarks/inference/cpu_time.h"

namespace transformerd {
namespace {

constexpr int kRepeats = 100000;
// More than any CPU needs to hide an instruction's latency, and few enough to
// stay in registers.
constexpr size_t kChains = 12;
using Chains = std::make_index_sequence<kChains>;

// Where results go, so that they are computed.
volatile float sink;

// Each loop does kRepeats steps and returns how many operations that were.

template <size_t... i>
[[gnu::target("avx2,fma")]] int64_t Avx2Loop(std::index_sequence<i...>) {
  const __m256 x = _mm256_set1_ps(1.25f), y = _mm256_set1_ps(0.5f);
  __m256 sums[] = {_mm256_set1_ps(static_cast<float>(i))...};
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    ((sums[i] = _mm256_fmadd_ps(x, y, sums[i])), ...);
  }
  ((sink = _mm256_cvtss_f32(sums[i])), ...);
  return int64_t{kRepeats} * kChains * 8 * 2;
}

template <size_t... i>
[[gnu::target("avx512f")]] int64_t Avx512Loop(std::index_sequence<i...>) {
  const __m512 x = _mm512_set1_ps(1.25f), y = _mm512_set1_ps(0.5f);
  __m512 sums[] = {_mm512_set1_ps(static_cast<float>(i))...};
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    ((sums[i] = _mm512_fmadd_ps(x, y, sums[i])), ...);
  }
  ((sink = _mm512_cvtss_f32(sums[i])), ...);
  return int64_t{kRepeats} * kChains * 16 * 2;
}

template <size_t... i>
[[gnu::target("avx512f,avx512bw,avx512vl,avx512bf16")]] int64_t Avx512Bf16Loop(
    std::index_sequence<i...>) {
  const __m512bh x =
      _mm512_cvtne2ps_pbh(_mm512_set1_ps(1.25f), _mm512_set1_ps(-0.75f));
  const __m512bh y =
      _mm512_cvtne2ps_pbh(_mm512_set1_ps(0.5f), _mm512_set1_ps(1.5f));
  __m512 sums[] = {_mm512_set1_ps(static_cast<float>(i))...};
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    ((sums[i] = _mm512_dpbf16_ps(sums[i], x, y)), ...);
  }
  ((sink = _mm512_cvtss_f32(sums[i])), ...);
  return int64_t{kRepeats} * kChains * 32 * 2;
}

// What the instruction ldtilecfg reads: all eight tiles of 16 rows of 64 bytes.
struct alignas(64) TileConfig {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

// Tiles 0 to 3 are sums, 4 and 5 one side, 6 and 7 the other.
[[gnu::target("amx-tile,amx-bf16")]] int64_t AmxLoop() {
  const TileConfig config;
  alignas(64) uint16_t numbers[16 * 32];
  // Numbers between 0.5 and 2 of changing signs and digits: zeros would let the
  // clock run faster than any model does.
  for (size_t i = 0; i < std::size(numbers); ++i) {
    numbers[i] = static_cast<uint16_t>(0x3f00 + (i * 37) % 256 + (i % 2 << 15));
  }
  // The instructions below do not tell the compiler what they read.
  asm volatile("" : : "r"(&config), "r"(numbers) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, numbers, 64);
  _tile_loadd(5, numbers, 64);
  _tile_loadd(6, numbers, 64);
  _tile_loadd(7, numbers, 64);
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
  return int64_t{kRepeats} * 4 * (16 * 16 * 32) * 2;
}

// Linux lends the tiles to those who ask.
bool MayUseTiles() {
  constexpr int kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr int kTileData = 18;               // XFEATURE_XTILEDATA
  return __builtin_cpu_supports("amx-tile") &&
         __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
}

template <typename Loop>
Peak Best(absl::Duration time, std::string instruction, const Loop& loop) {
  Peak peak{std::move(instruction)};
  const absl::Time end = absl::Now() + time;
  do {
    const double start = ThreadCpuSeconds();
    const int64_t operations = loop();
    const double seconds = ThreadCpuSeconds() - start;
    peak.flop_per_second = std::max(peak.flop_per_second,
                                    static_cast<double>(operations) / seconds);
  } while (absl::Now() < end);
  return peak;
}

}  // namespace

std::optional<Peak> MeasureFloat32Peak(absl::Duration time) {
  if (__builtin_cpu_supports("avx512f")) {
    return Best(time, "vfmadd231ps zmm", [] { return Avx512Loop(Chains()); });
  }
  if (__builtin_cpu_supports("fma") && __builtin_cpu_supports("avx2")) {
    return Best(time, "vfmadd231ps ymm", [] { return Avx2Loop(Chains()); });
  }
  return std::nullopt;
}

std::optional<Peak> MeasureBfloat16Peak(absl::Duration time) {
  if (MayUseTiles()) return Best(time, "tdpbf16ps", AmxLoop);
  if (__builtin_cpu_supports("avx512bf16")) {
    return Best(time, "vdpbf16ps zmm", [] { return Avx512Bf16Loop(Chains()); });
  }
  return std::nullopt;
}

}  // namespace transformerd
