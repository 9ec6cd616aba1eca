#include "server/security/endpoint_security.h"

#include <functional>
#include <string>
#include <thread>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/temporary_folder.h"
#include "tests/fakes/test_authority.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kInfer[] = "/inference.GRPCInferenceService/ModelInfer";

class EndpointSecurityTest : public ::testing::Test {
 protected:
  // Writes a certificate and its key; returns the subject.
  std::string WriteCertificate(const std::string& name) {
    return WriteCertificate(name, clock_.Now());
  }
  std::string WriteCertificate(const std::string& name, absl::Time begin) {
    const IssuedCertificate issued = authority_.Issue(name, begin);
    options_.tls.certificate = folder_.Write("cert.pem", issued.certificate);
    options_.tls.key = folder_.Write("key.pem", issued.key);
    return "CN = " + name;
  }

  void WriteTokens(const std::string& text) {
    options_.auth_token_file = folder_.Write("tokens", text);
  }

  // Lets the files be looked at until what is expected has come.
  void AwaitTick(const std::function<bool()>& has_come) {
    while (!has_come()) {
      clock_.AwaitWaiters(1);
      clock_.Advance(absl::Seconds(1));
      std::this_thread::yield();
    }
  }

  const TestAuthority authority_{"authority"};
  TemporaryFolder folder_;
  FakeClock clock_;
  SecurityOptions options_;
};

TEST_F(EndpointSecurityTest, IsNothingUnlessAskedFor) {
  EXPECT_FALSE(options_.has_tls());
  EXPECT_FALSE(options_.knows_clients());
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  EXPECT_EQ(security->certificates(), nullptr);
  EXPECT_EQ(security->authenticator(), nullptr);
}

TEST_F(EndpointSecurityTest, ReadsWhatItIsGiven) {
  const std::string subject = WriteCertificate("one");
  WriteTokens("alice infer");
  EXPECT_TRUE(options_.has_tls());
  EXPECT_TRUE(options_.knows_clients());
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  EXPECT_EQ(security->certificates()->Get()->subject, subject);
  EXPECT_THAT(security->authenticator()->Check(kInfer, {"Bearer alice"}),
              IsOk());
}

TEST_F(EndpointSecurityTest, DoesNotOpenWithWhatIsWrong) {
  WriteCertificate("one");
  WriteTokens("alice");
  EXPECT_THAT(EndpointSecurity::Open(options_, clock_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("--auth_token_file='"),
                             HasSubstr("line 1"), Not(HasSubstr("alice")))));
  WriteTokens("alice infer");
  folder_.Write("key.pem", "");
  EXPECT_THAT(EndpointSecurity::Open(options_, clock_),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--tls_key_file='")));
}

TEST_F(EndpointSecurityTest, TakesNewCertificates) {
  WriteCertificate("one");
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  const std::string subject = WriteCertificate("another");
  AwaitTick(
      [&] { return security->certificates()->Get()->subject == subject; });
}

TEST_F(EndpointSecurityTest, TakesACertificateWhenItsTimeHasCome) {
  WriteCertificate("one");
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  const absl::Time begin = clock_.Now() + absl::Seconds(12);
  // The authority's certificates are valid from an hour before on.
  const std::string subject = WriteCertificate("early", begin + absl::Hours(1));
  AwaitTick(
      [&] { return security->certificates()->Get()->subject == subject; });
  EXPECT_GE(clock_.Now(), begin);
}

TEST_F(EndpointSecurityTest, KeepsTheOldCertificateUntilTheNewOneIsWhole) {
  const std::string subject = WriteCertificate("one");
  WriteTokens("alice infer");
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  const IssuedCertificate next = authority_.Issue("two", clock_.Now());
  folder_.Write("cert.pem", next.certificate);
  // Tokens are looked at behind the certificates, in one tick.
  WriteTokens("bob infer");
  AwaitTick([&] {
    return security->authenticator()->Check(kInfer, {"Bearer bob"}).ok();
  });
  EXPECT_EQ(security->certificates()->Get()->subject, subject);
  folder_.Write("key.pem", next.key);
  AwaitTick(
      [&] { return security->certificates()->Get()->subject == "CN = two"; });
}

TEST_F(EndpointSecurityTest, KeepsTokensWhenTheFileBecomesMalformed) {
  WriteCertificate("one");
  WriteTokens("alice infer");
  ASSERT_OK_AND_ASSIGN(const auto security,
                       EndpointSecurity::Open(options_, clock_));
  WriteTokens("alice");
  const int looks = 3;
  for (int i = 0; i < looks; ++i) {
    clock_.AwaitWaiters(1);
    clock_.Advance(absl::Seconds(1));
  }
  EXPECT_THAT(security->authenticator()->Check(kInfer, {"Bearer alice"}),
              IsOk());
}

}  // namespace
}  // namespace transformerd
