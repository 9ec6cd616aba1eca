#include "tests/fakes/test_authority.h"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>

#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr absl::Duration kLead = absl::Hours(1);
constexpr absl::Duration kLife = absl::Hours(24);

// What `write` writes to a memory BIO.
template <typename Write>
std::string ToPem(const Write& write) {
  BIO* const bio = BIO_new(BIO_s_mem());
  CHECK_EQ(write(bio), 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  const std::string pem(text, size);
  BIO_free(bio);
  return pem;
}

std::string ToPem(EVP_PKEY* key) {
  return ToPem([key](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr,
                                    nullptr);
  });
}

std::string ToPem(X509* certificate) {
  return ToPem(
      [certificate](BIO* bio) { return PEM_write_bio_X509(bio, certificate); });
}

void AddExtension(X509* certificate, X509* issuer, int kind,
                  const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension =
      X509V3_EXT_conf_nid(nullptr, &context, kind, value);
  CHECK(extension != nullptr);
  CHECK_EQ(X509_add_ext(certificate, extension, -1), 1);
  X509_EXTENSION_free(extension);
}

}  // namespace

std::string MakeRsaKey(int bits) {
  EVP_PKEY* const key = EVP_RSA_gen(bits);
  CHECK(key != nullptr);
  std::string pem = ToPem(key);
  EVP_PKEY_free(key);
  return pem;
}

TestAuthority::TestAuthority(const std::string& name)
    : key_(EVP_EC_gen("P-256")) {
  certificate_ =
      Make(name, key_.get(), absl::Now(), "critical,CA:TRUE", nullptr);
}

TestAuthority::Certificate TestAuthority::Make(const std::string& name,
                                               EVP_PKEY* key, absl::Time begin,
                                               const char* constraints,
                                               const char* names) const {
  static std::atomic<int> last_number = 0;
  Certificate made(X509_new());
  X509* const certificate = made.get();
  X509* const issuer =
      certificate_ == nullptr ? certificate : certificate_.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++last_number);
  ASN1_TIME_set(X509_getm_notBefore(certificate), absl::ToTimeT(begin - kLead));
  ASN1_TIME_set(X509_getm_notAfter(certificate), absl::ToTimeT(begin + kLife));
  X509_set_pubkey(certificate, key);
  X509_NAME_add_entry_by_txt(
      X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
      reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509_set_issuer_name(certificate, X509_get_subject_name(issuer));
  AddExtension(certificate, issuer, NID_basic_constraints, constraints);
  if (names != nullptr) {
    AddExtension(certificate, issuer, NID_subject_alt_name, names);
  }
  CHECK_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
  return made;
}

IssuedCertificate TestAuthority::Issue(const std::string& name,
                                       absl::Time begin) const {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate =
      Make(name, key.get(), begin, "CA:FALSE", "DNS:localhost,IP:127.0.0.1");
  return {ToPem(certificate.get()), ToPem(key.get())};
}

std::string TestAuthority::certificate() const {
  return ToPem(certificate_.get());
}

}  // namespace transformerd
