// Decides which calls may be made, by their bearer tokens.
#pragma once

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "server/security/auth_tokens.h"

namespace transformerd {

// Thread-safe; never blocks.
class Authenticator {
 public:
  explicit Authenticator(AuthTokens tokens);

  // From now on these are the tokens, for calls that come.
  void SetTokens(AuthTokens tokens) ABSL_LOCKS_EXCLUDED(mutex_);

  // Whether a call of `path` ("/package.Service/Method") may be made whose
  // metadata holds these values of "authorization": OK, UNAUTHENTICATED without
  // a token that is known, PERMISSION_DENIED where it lacks the right.
  absl::Status Check(absl::string_view path,
                     absl::Span<const absl::string_view> authorization) const
      ABSL_LOCKS_EXCLUDED(mutex_);

  // For the log, whose token that is; empty where it is none of ours.
  std::string Describe(absl::string_view authorization) const
      ABSL_LOCKS_EXCLUDED(mutex_);

 private:
  std::shared_ptr<const AuthTokens> tokens() const ABSL_LOCKS_EXCLUDED(mutex_);

  mutable absl::Mutex mutex_;
  std::shared_ptr<const AuthTokens> tokens_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace transformerd
