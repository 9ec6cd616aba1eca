// An authority that issues certificates to tests.
#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace transformerd {

// In PEM form.
struct IssuedCertificate {
  std::string certificate, key;
};

// "PRIVATE KEY" in PEM form, of an RSA key with so many bits.
std::string MakeRsaKey(int bits);

class TestAuthority {
 public:
  explicit TestAuthority(const std::string& name);

  // For a server on this machine, or a client. Valid from an hour before
  // `begin` for a day.
  IssuedCertificate Issue(const std::string& name,
                          absl::Time begin = absl::Now()) const;

  // Its own, valid as the others are.
  std::string certificate() const;

 private:
  struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  };
  struct FreeCertificate {
    void operator()(X509* certificate) const { X509_free(certificate); }
  };
  using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
  using Certificate = std::unique_ptr<X509, FreeCertificate>;

  // Signed by this authority, or, while it has no certificate, by itself.
  Certificate Make(const std::string& name, EVP_PKEY* key, absl::Time begin,
                   const char* constraints, const char* names) const;

  const Key key_;
  Certificate certificate_;
};

}  // namespace transformerd
