#include "server/security/auth_tokens.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

// RFC 6750: what can stand behind "Bearer".
constexpr absl::string_view kOtherTokenCharacters = "-._~+/=";

std::string Sha256(absl::string_view text) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(),
         reinterpret_cast<unsigned char*>(&digest[0]));
  return digest;
}

template <typename... Parts>
absl::Status LineError(int line, const Parts&... parts) {
  return absl::InvalidArgumentError(absl::StrCat("line ", line, parts...));
}

absl::Status CheckCharacters(int line, absl::string_view token) {
  for (const char c : token) {
    if (!absl::ascii_isalnum(c) &&
        !absl::StrContains(kOtherTokenCharacters, c)) {
      return LineError(line, ": a token has letters, digits and ",
                       kOtherTokenCharacters, " only");
    }
  }
  return absl::OkStatus();
}

std::optional<Right> RightOf(absl::string_view name) {
  for (const Right right : {Right::kInfer, Right::kAdmin}) {
    if (name == NameOf(right)) return right;
  }
  return std::nullopt;
}

absl::StatusOr<AuthTokens::Entry> ParseLine(int number,
                                            absl::string_view line) {
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, absl::ByAnyChar(" \t"), absl::SkipEmpty());
  const std::optional<Right> right =
      words.size() == 2 ? RightOf(words[1]) : std::nullopt;
  if (!right.has_value()) {
    return LineError(number, ": expected 'TOKEN infer' or 'TOKEN admin'");
  }
  RETURN_IF_ERROR(CheckCharacters(number, words[0]));
  return AuthTokens::Entry{number, *right, Sha256(words[0])};
}

}  // namespace

absl::string_view NameOf(Right right) {
  return right == Right::kAdmin ? "admin" : "infer";
}

std::string AuthTokens::Entry::Describe() const {
  constexpr size_t kShownBytes = 4;
  return absl::StrCat("the token of line ", line, " (sha256 ",
                      absl::BytesToHexString(digest.substr(0, kShownBytes)),
                      ")");
}

absl::StatusOr<AuthTokens> AuthTokens::Parse(absl::string_view text) {
  AuthTokens tokens;
  int number = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    ++number;
    line = absl::StripAsciiWhitespace(line);
    if (line.empty() || line.front() == '#') continue;
    ASSIGN_OR_RETURN(Entry entry, ParseLine(number, line));
    for (const Entry& other : tokens.entries_) {
      if (other.digest != entry.digest) continue;
      return LineError(number, " has the token of line ", other.line, " again");
    }
    tokens.entries_.push_back(std::move(entry));
  }
  if (tokens.entries_.empty()) {
    return absl::InvalidArgumentError(
        "there is no token in it, expected lines 'TOKEN infer' or "
        "'TOKEN admin'");
  }
  return tokens;
}

const AuthTokens::Entry* AuthTokens::Find(absl::string_view token) const {
  const std::string digest = Sha256(token);
  const Entry* found = nullptr;
  for (const Entry& entry : entries_) {
    if (CRYPTO_memcmp(entry.digest.data(), digest.data(), digest.size()) == 0) {
      found = &entry;
    }
  }
  return found;
}

}  // namespace transformerd
