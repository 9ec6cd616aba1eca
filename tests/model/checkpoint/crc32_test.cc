#include "model/checkpoint/crc32.h"

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

absl::Span<const std::byte> Bytes(absl::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

TEST(Crc32Test, IsTheOneOfZip) {
  EXPECT_EQ(ExtendCrc32(0, Bytes("")), 0u);
  // The check value in the catalogues of checksums.
  EXPECT_EQ(ExtendCrc32(0, Bytes("123456789")), 0xCBF43926u);
  EXPECT_EQ(ExtendCrc32(0, Bytes(std::string(32, '\0'))), 0x190A55ADu);
}

TEST(Crc32Test, PiecesInARowAreTheWhole) {
  const std::string text = "a checksum of any number of bytes, 8 at a time";
  const uint32_t whole = ExtendCrc32(0, Bytes(text));
  for (size_t cut = 0; cut <= text.size(); ++cut) {
    const absl::string_view first = absl::string_view(text).substr(0, cut);
    const absl::string_view second = absl::string_view(text).substr(cut);
    EXPECT_EQ(ExtendCrc32(ExtendCrc32(0, Bytes(first)), Bytes(second)), whole);
    EXPECT_EQ(CombineCrc32(ExtendCrc32(0, Bytes(first)),
                           ExtendCrc32(0, Bytes(second)), second.size()),
              whole);
  }
}

TEST(Crc32Test, CombinesPiecesOfManyBytes) {
  const std::string text(5'000'000, 'z');
  const uint32_t million =
      ExtendCrc32(0, Bytes(absl::string_view(text).substr(0, 1'000'000)));
  const uint32_t rest =
      ExtendCrc32(0, Bytes(absl::string_view(text).substr(1'000'000)));

  EXPECT_EQ(CombineCrc32(million, rest, 4'000'000),
            ExtendCrc32(0, Bytes(text)));
}

}  // namespace
}  // namespace transformerd
