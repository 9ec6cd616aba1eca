// The certificate that the server shows, and those that it believes.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace transformerd {

// Paths of PEM files.
struct CertificateFiles {
  std::string certificate;  // --tls_cert_file, its chain behind it
  std::string key;          // --tls_key_file, not encrypted
  std::string client_ca;    // --tls_client_ca_file; empty: clients show none
};

// Their contents, which fit each other.
struct Certificates {
  std::string certificate_pem, key_pem, client_ca_pem;
  std::string subject;     // of the server's certificate, "CN = example.org"
  absl::Time valid_until;  // when it expires
};

// Reads the files and checks what a handshake would fail on later, one client
// at a time: INVALID_ARGUMENT, with the flag, the file and what is wrong, for
// files that cannot be read or are no PEM, a key that is not the certificate's,
// and certificates that `now` is not within.
absl::StatusOr<Certificates> ReadCertificates(const CertificateFiles& files,
                                              absl::Time now);

}  // namespace transformerd
