#include "server/lifecycle/model_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace transformerd {
namespace {

constexpr size_t kMaxNameBytes = 255;  // NAME_MAX of common file systems

bool IsControl(char c) {
  return absl::ascii_iscntrl(static_cast<unsigned char>(c));
}

// Bytes of the UTF-8 sequence that `text` begins with; 0 where it is none.
size_t SequenceLength(absl::string_view text) {
  const auto byte = [&](size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto continues = [&](size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return continues(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return continues(1) && continues(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool too_large = first == 0xF4 && byte(1) > 0x8F;
    return continues(1) && continues(2) && continues(3) && !overlong &&
                   !too_large
               ? 4
               : 0;
  }
  return 0;
}

bool IsUtf8(absl::string_view text) {
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

}  // namespace

absl::Status CheckModelName(absl::string_view name) {
  const auto refuse = [&](absl::string_view why) {
    return absl::InvalidArgumentError(
        absl::StrCat("model name ", QuotedName(name), " ", why));
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > kMaxNameBytes) {
    return refuse(absl::StrCat("has ", name.size(), " bytes, at most ",
                               kMaxNameBytes, " are allowed"));
  }
  if (name == "." || name == "..") return refuse("is not a name but a path");
  if (name.find('/') != name.npos) {
    return refuse("has a '/': it must be a single path component");
  }
  if (std::any_of(name.begin(), name.end(), IsControl)) {
    return refuse("has a control character");
  }
  if (!IsUtf8(name)) return refuse("is not valid UTF-8");
  return absl::OkStatus();
}

std::optional<int64_t> ParseVersion(absl::string_view text) {
  int64_t version = 0;
  if (text.empty() || !absl::ascii_isdigit(text[0]) || text[0] == '0') {
    return std::nullopt;
  }
  // SimpleAtoi allows spaces behind the number.
  if (!absl::ascii_isdigit(text.back())) return std::nullopt;
  if (!absl::SimpleAtoi(text, &version)) return std::nullopt;
  return version;
}

std::string QuotedName(absl::string_view name) {
  constexpr size_t kShown = 80;
  if (name.size() <= kShown && IsUtf8(name)) {
    return absl::StrCat("'", absl::Utf8SafeCEscape(name), "'");
  }
  return absl::StrCat("'", absl::CEscape(name.substr(0, kShown)),
                      name.size() > kShown ? "...'" : "'");
}

}  // namespace transformerd
