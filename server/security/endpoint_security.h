// TLS and tokens as the flags ask for them, kept as the files are.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "model/base/clock.h"
#include "server/scheduling/ticker.h"
#include "server/security/authenticator.h"
#include "server/security/certificate_store.h"
#include "server/security/certificates.h"
#include "server/security/file_watch.h"

namespace transformerd {

struct SecurityOptions {
  CertificateFiles tls;         // an empty certificate: plaintext
  std::string auth_token_file;  // empty: no tokens

  bool has_tls() const { return !tls.certificate.empty(); }
  // Whether one has to be known to call anything but health.
  bool knows_clients() const {
    return !tls.client_ca.empty() || !auth_token_file.empty();
  }
};

// Reads the files at start and again within seconds of a change. What has
// become wrong by a change is logged and not used. Thread-safe.
class EndpointSecurity {
 public:
  // INVALID_ARGUMENT with flag, file and reason; see ReadCertificates and
  // AuthTokens::Parse. `clock` must outlive this.
  static absl::StatusOr<std::unique_ptr<EndpointSecurity>> Open(
      const SecurityOptions& options, Clock& clock);

  // Null where there is no TLS.
  std::shared_ptr<const CertificateStore> certificates() const {
    return certificates_;
  }
  // Null where there are no tokens.
  std::shared_ptr<const Authenticator> authenticator() const {
    return authenticator_;
  }

 private:
  EndpointSecurity(SecurityOptions options, Clock& clock);

  absl::Status ReadTls();
  absl::Status ReadTokens();
  // Reads now, and again after each change.
  absl::Status Keep(std::string what, std::vector<std::string> paths,
                    const std::function<absl::Status()>& read);

  const SecurityOptions options_;
  Clock& clock_;
  std::shared_ptr<CertificateStore> certificates_;
  std::shared_ptr<Authenticator> authenticator_;
  std::vector<std::shared_ptr<FileWatch>> watches_;
  Ticker ticker_;  // last: it uses all of the above
};

}  // namespace transformerd
