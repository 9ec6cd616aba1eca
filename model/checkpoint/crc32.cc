#include "model/checkpoint/crc32.h"

#include <array>
#include <cstring>

namespace transformerd {
namespace {

// A checksum is a polynomial over GF(2), bit 31 the coefficient of x^0.
constexpr uint32_t kPolynomial = 0xEDB88320;
constexpr uint32_t kOne = 0x80000000;
constexpr int kSlices = 8;

constexpr uint32_t TimesX(uint32_t a) {
  return (a >> 1) ^ ((a & 1) != 0 ? kPolynomial : 0);
}

using Table = std::array<uint32_t, 256>;

// tables[k][byte]: what a byte does to the checksum k bytes later. Eight bytes
// are then summed by eight look-ups that do not wait for each other.
constexpr std::array<Table, kSlices> MakeTables() {
  std::array<Table, kSlices> tables = {};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = TimesX(crc);
    tables[0][byte] = crc;
  }
  for (int k = 1; k < kSlices; ++k) {
    for (int byte = 0; byte < 256; ++byte) {
      const uint32_t crc = tables[k - 1][byte];
      tables[k][byte] = (crc >> 8) ^ tables[0][crc & 0xFF];
    }
  }
  return tables;
}

constexpr std::array<Table, kSlices> kTables = MakeTables();

constexpr uint32_t Multiply(uint32_t a, uint32_t b) {
  uint32_t product = 0;
  for (uint32_t bit = kOne; bit != 0; bit >>= 1) {
    if ((a & bit) != 0) product ^= b;
    b = TimesX(b);
  }
  return product;
}

// x^(8 * count): what `count` bytes behind it do to a checksum.
uint32_t PowerOfBytes(int64_t count) {
  uint32_t power = kOne;
  uint32_t square = kOne >> 8;  // x^8
  for (; count > 0; count >>= 1) {
    if ((count & 1) != 0) power = Multiply(power, square);
    square = Multiply(square, square);
  }
  return power;
}

}  // namespace

uint32_t ExtendCrc32(uint32_t crc, absl::Span<const std::byte> bytes) {
  const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
  size_t left = bytes.size();
  crc = ~crc;
  for (; left >= kSlices; left -= kSlices, at += kSlices) {
    uint32_t low = 0;
    std::memcpy(&low, at, sizeof(low));  // x86 and ARM are little-endian
    low ^= crc;
    crc = kTables[7][low & 0xFF] ^ kTables[6][(low >> 8) & 0xFF] ^
          kTables[5][(low >> 16) & 0xFF] ^ kTables[4][low >> 24] ^
          kTables[3][at[4]] ^ kTables[2][at[5]] ^ kTables[1][at[6]] ^
          kTables[0][at[7]];
  }
  for (; left > 0; --left, ++at) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ *at) & 0xFF];
  }
  return ~crc;
}

uint32_t CombineCrc32(uint32_t first, uint32_t second,
                      int64_t second_size_bytes) {
  return Multiply(PowerOfBytes(second_size_bytes), first) ^ second;
}

}  // namespace transformerd
