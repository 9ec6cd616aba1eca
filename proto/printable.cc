#include "proto/printable.h"

#include <cstdint>

#include "absl/strings/str_cat.h"
#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr absl::string_view kCutMark = "...";

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

bool IsControl(absl::string_view character) {
  const uint8_t lead = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  // U+0080 to U+009F: terminals take some of them for escape sequences.
  return lead == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
}

// The whole character at the start of `text`, empty where there is none.
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

std::string Escape(char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return absl::StrCat(
          "\\x", absl::Hex(static_cast<uint8_t>(byte), absl::kZeroPad2));
  }
}

size_t Cost(absl::string_view text) {
  size_t cost = 0;
  for (char byte : text) cost += StatusCost(byte);
  return cost;
}

}  // namespace

size_t StatusCost(char byte) {
  return byte >= 0x20 && byte < 0x7F && byte != '%' ? 1 : 3;
}

std::string Printable(absl::string_view text, size_t budget) {
  CHECK_GE(budget, kCutMark.size());
  std::string printable;
  size_t cost = 0;
  size_t cut = 0;  // Where the mark still fits.
  while (!text.empty()) {
    const absl::string_view character = FirstCharacter(text);
    const bool keep = !character.empty() && !IsControl(character);
    const std::string piece = keep ? std::string(character) : Escape(text[0]);
    cost += Cost(piece);
    if (cost > budget) {
      printable.resize(cut);
      return printable.append(kCutMark.data(), kCutMark.size());
    }
    printable += piece;
    if (cost + kCutMark.size() <= budget) cut = printable.size();
    text.remove_prefix(keep ? character.size() : 1);
  }
  return printable;
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
