#include "server/security_flags.h"

#include "absl/flags/flag.h"
#include "server/flag_definitions.h"

namespace transformerd {

absl::Status ReadSecurityFlags(SecurityOptions& options) {
  options.tls.certificate = absl::GetFlag(FLAGS_tls_cert_file);
  options.tls.key = absl::GetFlag(FLAGS_tls_key_file);
  options.tls.client_ca = absl::GetFlag(FLAGS_tls_client_ca_file);
  options.auth_token_file = absl::GetFlag(FLAGS_auth_token_file);
  if (options.tls.certificate.empty() != options.tls.key.empty()) {
    return absl::InvalidArgumentError(
        "flags --tls_cert_file and --tls_key_file need each other");
  }
  if (!options.has_tls() && !options.tls.client_ca.empty()) {
    return absl::InvalidArgumentError(
        "flag --tls_client_ca_file needs --tls_cert_file and --tls_key_file");
  }
  return absl::OkStatus();
}

}  // namespace transformerd
