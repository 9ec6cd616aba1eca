#include "client/security.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/test_authority.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

class SecurityTest : public ::testing::Test {
 protected:
  SecurityTest() {
    const IssuedCertificate alice = authority_.Issue("alice");
    security_.tls = true;
    security_.root_certificates = authority_.certificate();
    security_.certificate = alice.certificate;
    security_.key = alice.key;
  }

  void ExpectRefused(const std::string& what) {
    EXPECT_THAT(CheckSecurity(security_),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)));
  }

  const TestAuthority authority_{"authority"};
  ClientSecurity security_;
};

TEST_F(SecurityTest, TakesWhatFits) {
  EXPECT_THAT(CheckSecurity(security_), IsOk());
  EXPECT_THAT(CheckSecurity({}), IsOk());
}

TEST_F(SecurityTest, RefusesAuthoritiesThatAreNone) {
  security_.root_certificates = security_.key;
  ExpectRefused("authorities of the server");
}

TEST_F(SecurityTest, RefusesACertificateAndAKeyInEachOthersPlace) {
  std::swap(security_.certificate, security_.key);
  ExpectRefused("the certificate to show is none");
}

TEST_F(SecurityTest, RefusesOneWithoutTheOther) {
  security_.key.clear();
  ExpectRefused("no private key");
}

TEST_F(SecurityTest, RefusesTheKeyOfAnotherCertificate) {
  security_.key = authority_.Issue("bob").key;
  ExpectRefused("is not that of the certificate");
}

}  // namespace
}  // namespace transformerd
