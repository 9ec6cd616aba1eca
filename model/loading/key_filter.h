// Which names one of an operator's regular expressions matches.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "re2/re2.h"

namespace transformerd {

// Not thread-safe: it counts what its expressions match.
class KeyFilter {
 public:
  // `option` is what the expressions were given as, such as "ignore".
  // INVALID_ARGUMENT with it as field for a bad expression.
  static absl::StatusOr<KeyFilter> Create(
      absl::string_view option, absl::Span<const std::string> patterns);

  // True where an expression matches at the start of `key`.
  bool Matches(absl::string_view key);

  // The expressions that have matched nothing so far. A key counts only for the
  // first one that matches it.
  std::vector<std::string> UnmatchedPatterns() const;

 private:
  KeyFilter() = default;

  struct Expression {
    std::unique_ptr<RE2> regex;
    bool has_matched = false;
  };
  std::vector<Expression> expressions_;
};

}  // namespace transformerd
