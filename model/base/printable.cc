#include "model/base/printable.h"

#include <cstdint>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "glog/logging.h"
#include "model/base/utf8.h"

namespace transformerd {
namespace {

constexpr absl::string_view kCutMark = "...";

bool IsControl(absl::string_view character) {
  const uint8_t lead = static_cast<uint8_t>(character[0]);
  if (character.size() == 1) return lead < 0x20 || lead == 0x7F;
  // U+0080 to U+009F: terminals take some of them for escape sequences.
  return lead == 0xC2 && static_cast<uint8_t>(character[1]) < 0xA0;
}

bool IsContinuation(char byte) { return (byte & 0xC0) == 0x80; }

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

std::string Escaped(absl::string_view text, size_t max_bytes) {
  absl::string_view dots;
  if (text.size() > max_bytes) {
    size_t end = max_bytes;
    while (end > 0 && IsContinuation(text[end])) --end;
    text = text.substr(0, end);
    dots = kCutMark;
  }
  const std::string escaped =
      absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"'", "\\'"}});
  return absl::StrCat(Printable(escaped, std::numeric_limits<size_t>::max()),
                      dots);
}

}  // namespace transformerd
