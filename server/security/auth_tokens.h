// The bearer tokens of --auth_token_file, and what each may do.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace transformerd {

// kAdmin includes kInfer.
enum class Right { kInfer, kAdmin };

// "infer", "admin".
absl::string_view NameOf(Right right);

// Knows tokens by their SHA-256 alone, so that none can get into a log or a
// core dump from here. Immutable.
class AuthTokens {
 public:
  struct Entry {
    int line = 0;  // of the file
    Right right = Right::kInfer;
    std::string digest;  // SHA-256 of the token, 32 bytes

    // For people: "the token of line 3 (sha256 0123abcd)".
    std::string Describe() const;
  };

  // Reads lines "TOKEN infer" and "TOKEN admin"; empty ones and those that
  // begin with # say nothing. INVALID_ARGUMENT with the line's number, and no
  // part of the text, for anything else, a token that comes twice, and no token
  // at all.
  static absl::StatusOr<AuthTokens> Parse(absl::string_view text);

  // Null for a token that is not in the file. Takes as long for each of them.
  const Entry* Find(absl::string_view token) const;

  int size() const { return static_cast<int>(entries_.size()); }

 private:
  std::vector<Entry> entries_;
};

}  // namespace transformerd
