#include "server/security/certificates.h"

#include <cstdio>
#include <string>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/fakes/test_authority.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class CertificatesTest : public ::testing::Test {
 protected:
  CertificatesTest() {
    const IssuedCertificate server = authority_.Issue("example.org");
    folder_.Write("cert.pem", server.certificate + authority_.certificate());
    folder_.Write("key.pem", server.key);
    folder_.Write("ca.pem", authority_.certificate());
  }

  absl::StatusOr<Certificates> Read(absl::Time now = absl::Now()) {
    return ReadCertificates(
        {folder_.PathOf("cert.pem"), folder_.PathOf("key.pem"),
         folder_.PathOf("ca.pem")},
        now);
  }

  // Expects a refusal that names the flag, the file and `what`.
  void ExpectRefused(const std::string& flag, const std::string& file,
                     const std::string& what, absl::Time now = absl::Now()) {
    EXPECT_THAT(Read(now), StatusIs(absl::StatusCode::kInvalidArgument,
                                    AllOf(HasSubstr("--" + flag),
                                          HasSubstr(folder_.PathOf(file)),
                                          HasSubstr(what))));
  }

  const TestAuthority authority_{"authority"};
  TemporaryFolder folder_;
};

TEST_F(CertificatesTest, ReadsFilesThatFit) {
  ASSERT_OK_AND_ASSIGN(const Certificates read, Read());
  EXPECT_EQ(read.subject, "CN = example.org");
  EXPECT_GT(read.valid_until, absl::Now());
  EXPECT_EQ(read.client_ca_pem, authority_.certificate());
}

TEST_F(CertificatesTest, NeedsNoClientCa) {
  ASSERT_OK_AND_ASSIGN(
      const Certificates read,
      ReadCertificates({folder_.PathOf("cert.pem"), folder_.PathOf("key.pem")},
                       absl::Now()));
  EXPECT_EQ(read.client_ca_pem, "");
}

TEST_F(CertificatesTest, RefusesFilesThatAreNotThere) {
  ASSERT_EQ(std::remove(folder_.PathOf("key.pem").c_str()), 0);
  ExpectRefused("tls_key_file", "key.pem", "No such file");
}

TEST_F(CertificatesTest, RefusesWhatIsNoPem) {
  folder_.Write("cert.pem", "certificate");
  ExpectRefused("tls_cert_file", "cert.pem", "no certificate in PEM form");
}

TEST_F(CertificatesTest, RefusesAChainThatEndsInTheMiddle) {
  const std::string whole = authority_.Issue("a").certificate;
  folder_.Write("cert.pem", whole + whole.substr(0, whole.size() / 2));
  ExpectRefused("tls_cert_file", "cert.pem", "behind the first certificate");
}

TEST_F(CertificatesTest, RefusesFilesInEachOthersPlace) {
  const IssuedCertificate server = authority_.Issue("a");
  folder_.Write("cert.pem", server.key);
  folder_.Write("key.pem", server.certificate);
  ExpectRefused("tls_cert_file", "cert.pem", "no certificate");
  folder_.Write("cert.pem", server.certificate);
  ExpectRefused("tls_key_file", "key.pem", "no private key");
}

TEST_F(CertificatesTest, RefusesTheKeyOfAnotherCertificate) {
  folder_.Write("key.pem", authority_.Issue("other").key);
  ExpectRefused("tls_key_file", "key.pem", "not the key of the certificate");
}

TEST_F(CertificatesTest, RefusesWeakKeys) {
  folder_.Write("key.pem", MakeRsaKey(1024));
  ExpectRefused("tls_key_file", "key.pem", "80 bits");
}

TEST_F(CertificatesTest, RefusesCertificatesOutOfTheirTime) {
  ExpectRefused("tls_cert_file", "cert.pem", "'CN = example.org' expired",
                absl::Now() + absl::Hours(48));
  ExpectRefused("tls_cert_file", "cert.pem", "is not valid before",
                absl::Now() - absl::Hours(48));
}

TEST_F(CertificatesTest, RefusesAClientCaThatNobodyCanMeet) {
  folder_.Write("ca.pem", authority_.Issue("a").key);
  ExpectRefused("tls_client_ca_file", "ca.pem", "no certificate");
  folder_.Write(
      "ca.pem",
      authority_.Issue("old", absl::Now() - absl::Hours(72)).certificate);
  ExpectRefused("tls_client_ca_file", "ca.pem", "'CN = old' expired");
}

TEST_F(CertificatesTest, ABundleMayHoldExpiredAuthorities) {
  const IssuedCertificate old =
      authority_.Issue("old", absl::Now() - absl::Hours(72));
  folder_.Write("ca.pem", old.certificate + authority_.certificate());
  EXPECT_THAT(Read(), IsOk());
}

}  // namespace
}  // namespace transformerd
