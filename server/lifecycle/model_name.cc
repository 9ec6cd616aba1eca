#include "server/lifecycle/model_name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "model/base/printable.h"
#include "model/base/utf8.h"

namespace transformerd {
namespace {

constexpr size_t kMaxNameBytes = 255;  // NAME_MAX of common file systems

bool IsControl(char c) {
  return absl::ascii_iscntrl(static_cast<unsigned char>(c));
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
  return absl::StrCat("'", Escaped(name, kShown), "'");
}

}  // namespace transformerd
