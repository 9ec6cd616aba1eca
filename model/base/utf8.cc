#include "model/base/utf8.h"

#include <cstdint>

namespace transformerd {
namespace {

bool IsContinuation(char byte) {
  return (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
}

// Bytes of the UTF-8 sequence that starts with `lead`; 0 where none does.
size_t SequenceLength(uint8_t lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead < 0xE0) return 2;
  if (lead >= 0xE0 && lead < 0xF0) return 3;
  if (lead >= 0xF0 && lead < 0xF5) return 4;
  return 0;
}

// False for encodings that are longer than need be, surrogates, and what lies
// beyond the last code point: all of them show in the second byte.
bool IsSecondByteAllowed(uint8_t lead, uint8_t second) {
  if (lead == 0xE0) return second >= 0xA0;
  if (lead == 0xED) return second < 0xA0;
  if (lead == 0xF0) return second >= 0x90;
  if (lead == 0xF4) return second < 0x90;
  return true;
}

}  // namespace

absl::string_view FirstCharacter(absl::string_view text) {
  const uint8_t lead = static_cast<uint8_t>(text[0]);
  const size_t length = SequenceLength(lead);
  if (length == 0 || length > text.size()) return "";
  for (size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return "";
  }
  if (length > 1 && !IsSecondByteAllowed(lead, static_cast<uint8_t>(text[1]))) {
    return "";
  }
  return text.substr(0, length);
}

std::optional<size_t> FindNonUtf8(absl::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const size_t length = FirstCharacter(text.substr(i)).size();
    if (length == 0) return i;
    i += length;
  }
  return std::nullopt;
}

}  // namespace transformerd
