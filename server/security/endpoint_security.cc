#include "server/security/endpoint_security.h"

#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "glog/logging.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"
#include "server/security/auth_tokens.h"

namespace transformerd {
namespace {

constexpr absl::Duration kLookInterval = absl::Seconds(1);
constexpr int64_t kMaxTokenFileBytes = int64_t{1} << 20;

absl::StatusOr<AuthTokens> ReadTokenFile(const std::string& path) {
  const absl::StatusOr<std::string> text =
      ReadRegularFile(path, kMaxTokenFileBytes);
  absl::StatusOr<AuthTokens> tokens =
      text.ok() ? AuthTokens::Parse(*text) : text.status();
  if (tokens.ok()) return tokens;
  return absl::InvalidArgumentError(absl::StrCat(
      "--auth_token_file='", path, "': ", tokens.status().message()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<EndpointSecurity>> EndpointSecurity::Open(
    const SecurityOptions& options, Clock& clock) {
  auto security = absl::WrapUnique(new EndpointSecurity(options, clock));
  EndpointSecurity& self = *security;
  if (options.has_tls()) {
    std::vector<std::string> paths = {options.tls.certificate, options.tls.key};
    if (!options.tls.client_ca.empty()) paths.push_back(options.tls.client_ca);
    RETURN_IF_ERROR(self.Keep("the certificates", std::move(paths),
                              [&self] { return self.ReadTls(); }));
  }
  if (!options.auth_token_file.empty()) {
    RETURN_IF_ERROR(self.Keep("the tokens", {options.auth_token_file},
                              [&self] { return self.ReadTokens(); }));
  }
  return security;
}

EndpointSecurity::EndpointSecurity(SecurityOptions options, Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      ticker_(clock, kLookInterval) {}

absl::Status EndpointSecurity::Keep(std::string what,
                                    std::vector<std::string> paths,
                                    const std::function<absl::Status()>& read) {
  // First, so that it notices a change that comes while they are read.
  auto watch =
      std::make_shared<FileWatch>(std::move(what), std::move(paths), read);
  RETURN_IF_ERROR(read());
  ticker_.Add(watch);
  watches_.push_back(std::move(watch));
  return absl::OkStatus();
}

absl::Status EndpointSecurity::ReadTls() {
  ASSIGN_OR_RETURN(Certificates certificates,
                   ReadCertificates(options_.tls, clock_.Now()));
  LOG(INFO) << "TLS as '" << certificates.subject << "', valid until "
            << certificates.valid_until;
  if (certificates_ == nullptr) {
    certificates_ = std::make_shared<CertificateStore>(std::move(certificates));
  } else {
    certificates_->Set(std::move(certificates));
  }
  return absl::OkStatus();
}

absl::Status EndpointSecurity::ReadTokens() {
  ASSIGN_OR_RETURN(AuthTokens tokens, ReadTokenFile(options_.auth_token_file));
  LOG(INFO) << tokens.size() << " bearer tokens";
  if (authenticator_ == nullptr) {
    authenticator_ = std::make_shared<Authenticator>(std::move(tokens));
  } else {
    authenticator_->SetTokens(std::move(tokens));
  }
  return absl::OkStatus();
}

}  // namespace transformerd
