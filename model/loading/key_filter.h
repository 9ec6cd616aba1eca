// Leaves out the keys of a checkpoint that an operator wants ignored.
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
  // INVALID_ARGUMENT with field "ignore" for a bad expression.
  static absl::StatusOr<KeyFilter> Create(
      absl::Span<const std::string> patterns);

  // True where an expression matches at the start of `key`.
  bool Matches(absl::string_view key);

  // The expressions that have matched nothing so far.
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
