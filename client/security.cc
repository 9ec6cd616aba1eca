#include "client/security.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <memory>

#include "absl/cleanup/cleanup.h"

namespace transformerd {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never asks the terminal for the password of an encrypted key.
int NoPassword(char*, int, int, void*) { return 0; }

// The first of them; null where there is none.
Certificate ParseCertificate(const std::string& pem) {
  return Certificate(
      PEM_read_bio_X509(Open(pem).get(), nullptr, NoPassword, nullptr));
}

Key ParseKey(const std::string& pem) {
  return Key(
      PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassword, nullptr));
}

}  // namespace

absl::Status CheckSecurity(const ClientSecurity& security) {
  const auto forget_errors = absl::MakeCleanup([] { ERR_clear_error(); });
  if (!security.root_certificates.empty() &&
      ParseCertificate(security.root_certificates) == nullptr) {
    return absl::InvalidArgumentError(
        "the authorities of the server hold no certificate in PEM form");
  }
  if (security.certificate.empty() && security.key.empty()) {
    return absl::OkStatus();
  }
  const Certificate certificate = ParseCertificate(security.certificate);
  if (certificate == nullptr) {
    return absl::InvalidArgumentError(
        "the certificate to show is none in PEM form");
  }
  const Key key = ParseKey(security.key);
  if (key == nullptr) {
    return absl::InvalidArgumentError(
        "the key of the certificate to show is no private key in PEM form "
        "without a password");
  }
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    return absl::InvalidArgumentError(
        "the key is not that of the certificate to show");
  }
  return absl::OkStatus();
}

}  // namespace transformerd
