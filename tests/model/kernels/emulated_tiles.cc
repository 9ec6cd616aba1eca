#include "tests/model/kernels/emulated_tiles.h"

#include "glog/logging.h"

namespace transformerd::kernels {
namespace {

constexpr int kTiles = 8;
constexpr int kRows = 16;
constexpr int kRowBytes = 64;

struct Unit {
  bool is_configured = false;
  std::byte tiles[kTiles][kRows][kRowBytes];
};

// Tiles belong to a thread.
Unit& ThisUnit() {
  thread_local Unit unit;
  return unit;
}

Unit& ConfiguredUnit() {
  Unit& unit = ThisUnit();
  CHECK(unit.is_configured);
  return unit;
}

float Half(const std::byte* from) {
  uint16_t half;
  std::memcpy(&half, from, sizeof(half));
  return BFloat16::Decode(half);
}

}  // namespace

void EmulatedTiles::Configure() {
  Unit& unit = ThisUnit();
  CHECK(!unit.is_configured);
  unit.is_configured = true;
  std::memset(unit.tiles, 0, sizeof(unit.tiles));
}

void EmulatedTiles::Release() { ConfiguredUnit().is_configured = false; }

void EmulatedTiles::ZeroTile(int tile) {
  Unit& unit = ConfiguredUnit();
  std::memset(unit.tiles[tile], 0, sizeof(unit.tiles[tile]));
}

void EmulatedTiles::LoadTile(int tile, const std::byte* from, int64_t stride) {
  Unit& unit = ConfiguredUnit();
  for (int row = 0; row < kRows; ++row) {
    std::memcpy(unit.tiles[tile][row], from + row * stride, kRowBytes);
  }
}

void EmulatedTiles::StoreTile(int tile, std::byte* to, int64_t stride) {
  Unit& unit = ConfiguredUnit();
  for (int row = 0; row < kRows; ++row) {
    std::memcpy(to + row * stride, unit.tiles[tile][row], kRowBytes);
  }
}

void EmulatedTiles::DotHalves(int sums, int a, int b) {
  Unit& unit = ConfiguredUnit();
  for (int row = 0; row < kRows; ++row) {
    float sum[kRowBytes / 4];
    std::memcpy(sum, unit.tiles[sums][row], kRowBytes);
    for (int pair = 0; pair < kRowBytes / 4; ++pair) {
      for (int i = 0; i < 2; ++i) {
        const float x = Half(&unit.tiles[a][row][4 * pair + 2 * i]);
        for (int column = 0; column < kRowBytes / 4; ++column) {
          sum[column] += x * Half(&unit.tiles[b][pair][4 * column + 2 * i]);
        }
      }
    }
    std::memcpy(unit.tiles[sums][row], sum, kRowBytes);
  }
}

void EmulatedTiles::DotBytes(int sums, int a, int b) {
  Unit& unit = ConfiguredUnit();
  for (int row = 0; row < kRows; ++row) {
    int32_t sum[kRowBytes / 4];
    std::memcpy(sum, unit.tiles[sums][row], kRowBytes);
    for (int four = 0; four < kRowBytes / 4; ++four) {
      for (int i = 0; i < 4; ++i) {
        const auto u = static_cast<uint8_t>(unit.tiles[a][row][4 * four + i]);
        for (int column = 0; column < kRowBytes / 4; ++column) {
          sum[column] +=
              u * static_cast<int8_t>(unit.tiles[b][four][4 * column + i]);
        }
      }
    }
    std::memcpy(unit.tiles[sums][row], sum, kRowBytes);
  }
}

}  // namespace transformerd::kernels
