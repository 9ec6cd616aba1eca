#include "model/loading/key_filter.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "model/base/error_details.h"

namespace transformerd {

absl::StatusOr<KeyFilter> KeyFilter::Create(
    absl::string_view option, absl::Span<const std::string> patterns) {
  KeyFilter filter;
  for (const std::string& pattern : patterns) {
    auto regex = std::make_unique<RE2>(pattern, RE2::Quiet);
    if (!regex->ok()) {
      return WithField(
          absl::InvalidArgumentError(absl::StrCat(
              option, ": \"", absl::CEscape(pattern.substr(0, 200)),
              "\" is not a regular expression: ",
              absl::CEscape(regex->error().substr(0, 200)))),
          option);
    }
    filter.expressions_.push_back({std::move(regex), false});
  }
  return filter;
}

bool KeyFilter::Matches(absl::string_view key) {
  const re2::StringPiece piece(key.data(), key.size());
  for (Expression& expression : expressions_) {
    if (expression.regex->Match(piece, 0, key.size(), RE2::ANCHOR_START,
                                nullptr, 0)) {
      expression.has_matched = true;
      return true;
    }
  }
  return false;
}

std::vector<std::string> KeyFilter::UnmatchedPatterns() const {
  std::vector<std::string> patterns;
  for (const Expression& expression : expressions_) {
    if (!expression.has_matched) {
      patterns.push_back(expression.regex->pattern());
    }
  }
  return patterns;
}

}  // namespace transformerd
