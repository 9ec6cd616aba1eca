#include "server/security/authenticator.h"

#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "server/security/method_rights.h"

namespace transformerd {
namespace {

// What stands behind "Bearer"; empty where something else does.
absl::string_view BearerToken(absl::string_view authorization) {
  constexpr absl::string_view kScheme = "bearer ";
  if (!absl::StartsWithIgnoreCase(authorization, kScheme)) return "";
  return absl::StripAsciiWhitespace(authorization.substr(kScheme.size()));
}

}  // namespace

Authenticator::Authenticator(AuthTokens tokens)
    : tokens_(std::make_shared<const AuthTokens>(std::move(tokens))) {}

void Authenticator::SetTokens(AuthTokens tokens) {
  auto fresh = std::make_shared<const AuthTokens>(std::move(tokens));
  absl::MutexLock lock(&mutex_);
  tokens_ = std::move(fresh);
}

std::shared_ptr<const AuthTokens> Authenticator::tokens() const {
  absl::ReaderMutexLock lock(&mutex_);
  return tokens_;
}

absl::Status Authenticator::Check(
    absl::string_view path,
    absl::Span<const absl::string_view> authorization) const {
  const std::optional<Right> needed = RightFor(path);
  if (!needed.has_value()) return absl::OkStatus();
  // With several, whoever stands in between may have looked at another one.
  if (authorization.size() != 1) {
    return absl::UnauthenticatedError(
        absl::StrCat(authorization.size(),
                     " values of 'authorization' in the metadata, expected "
                     "one, 'Bearer TOKEN'"));
  }
  const std::shared_ptr<const AuthTokens> tokens = this->tokens();
  const AuthTokens::Entry* const entry =
      tokens->Find(BearerToken(authorization.front()));
  if (entry == nullptr) {
    return absl::UnauthenticatedError(
        "'authorization' in the metadata is no token of this server, expected "
        "'Bearer TOKEN'");
  }
  if (*needed == Right::kAdmin && entry->right != Right::kAdmin) {
    return absl::PermissionDeniedError(
        absl::StrCat(path, " needs the right admin, the token has infer"));
  }
  return absl::OkStatus();
}

std::string Authenticator::Describe(absl::string_view authorization) const {
  const std::shared_ptr<const AuthTokens> tokens = this->tokens();
  const AuthTokens::Entry* const entry =
      tokens->Find(BearerToken(authorization));
  return entry == nullptr ? std::string() : entry->Describe();
}

}  // namespace transformerd
