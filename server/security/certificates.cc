#include "server/security/certificates.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cstdint>
#include <ctime>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "model/base/regular_file.h"
#include "model/base/status_macros.h"

namespace transformerd {
namespace {

constexpr int64_t kMaxFileBytes = int64_t{1} << 20;
// What TLS libraries ask of a key: RSA of 2048 bits, say.
constexpr int kMinSecurityBits = 112;

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

// A file by the flag that names it.
struct PemFile {
  const char* flag;
  const std::string& path;

  template <typename... Parts>
  absl::Status Error(const Parts&... parts) const {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, "='", path, "': ", parts...));
  }

  absl::StatusOr<std::string> Read() const {
    absl::StatusOr<std::string> text = ReadRegularFile(path, kMaxFileBytes);
    if (!text.ok()) return Error(text.status().message());
    return text;
  }
};

Bio Open(const std::string& pem) {
  ERR_clear_error();
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// Never asks the terminal for the password of an encrypted key.
int NoPassword(char*, int, int, void*) { return 0; }

absl::StatusOr<std::vector<Certificate>> ParseCertificates(
    const PemFile& file, const std::string& pem) {
  std::vector<Certificate> certificates;
  const Bio bio = Open(pem);
  while (X509* const next =
             PEM_read_bio_X509(bio.get(), nullptr, NoPassword, nullptr)) {
    certificates.emplace_back(next);
  }
  const bool ended =
      ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  ERR_clear_error();
  if (ended && !certificates.empty()) return certificates;
  return file.Error(
      certificates.empty() ? "" : "behind the first certificate: ",
      "is no certificate in PEM form");
}

absl::StatusOr<Key> ParseKey(const PemFile& file, const std::string& pem) {
  const Bio bio = Open(pem);
  Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassword, nullptr));
  ERR_clear_error();
  if (key == nullptr) {
    return file.Error("is no private key in PEM form without a password");
  }
  const int bits = EVP_PKEY_get_security_bits(key.get());
  if (bits < kMinSecurityBits) {
    return file.Error("the key has the strength of ", bits,
                      " bits, expected at least ", kMinSecurityBits,
                      ", as RSA with 2048 bits has");
  }
  return key;
}

std::string SubjectOf(const Certificate& certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(bio.get(), X509_get_subject_name(certificate.get()), 0,
                     XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, size);
}

absl::Time ToTime(const ASN1_TIME* time) {
  std::tm fields = {};
  if (ASN1_TIME_to_tm(time, &fields) != 1) return absl::InfinitePast();
  return absl::FromTM(fields, absl::UTCTimeZone());
}

absl::Status CheckValidity(const PemFile& file, const Certificate& certificate,
                           absl::Time now) {
  const absl::Time begin = ToTime(X509_get0_notBefore(certificate.get()));
  const absl::Time end = ToTime(X509_get0_notAfter(certificate.get()));
  if (now >= end) {
    return file.Error("the certificate '", SubjectOf(certificate),
                      "' expired at ", absl::FormatTime(end));
  }
  if (now < begin) {
    return file.Error("the certificate '", SubjectOf(certificate),
                      "' is not valid before ", absl::FormatTime(begin));
  }
  return absl::OkStatus();
}

// A bundle may hold some that have expired.
absl::Status CheckClientCa(const PemFile& file, const std::string& pem,
                           absl::Time now) {
  ASSIGN_OR_RETURN(const std::vector<Certificate> authorities,
                   ParseCertificates(file, pem));
  absl::Status last;
  for (const Certificate& authority : authorities) {
    last = CheckValidity(file, authority, now);
    if (last.ok()) return last;
  }
  return last;
}

}  // namespace

absl::StatusOr<Certificates> ReadCertificates(const CertificateFiles& files,
                                              absl::Time now) {
  const PemFile certificate_file = {"tls_cert_file", files.certificate};
  const PemFile key_file = {"tls_key_file", files.key};
  const PemFile ca_file = {"tls_client_ca_file", files.client_ca};
  Certificates read;
  ASSIGN_OR_RETURN(read.certificate_pem, certificate_file.Read());
  ASSIGN_OR_RETURN(read.key_pem, key_file.Read());
  ASSIGN_OR_RETURN(const std::vector<Certificate> chain,
                   ParseCertificates(certificate_file, read.certificate_pem));
  ASSIGN_OR_RETURN(const Key key, ParseKey(key_file, read.key_pem));
  const Certificate& own = chain.front();
  const bool fits = X509_check_private_key(own.get(), key.get()) == 1;
  ERR_clear_error();
  if (!fits) {
    return key_file.Error("is not the key of the certificate in --",
                          certificate_file.flag, "='", files.certificate, "'");
  }
  RETURN_IF_ERROR(CheckValidity(certificate_file, own, now));
  read.subject = SubjectOf(own);
  read.valid_until = ToTime(X509_get0_notAfter(own.get()));
  if (!files.client_ca.empty()) {
    ASSIGN_OR_RETURN(read.client_ca_pem, ca_file.Read());
    RETURN_IF_ERROR(CheckClientCa(ca_file, read.client_ca_pem, now));
  }
  return read;
}

}  // namespace transformerd
