#include "server/security/authenticator.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr char kInfer[] = "/inference.GRPCInferenceService/ModelInfer";
constexpr char kLoad[] = "/inference.GRPCInferenceService/RepositoryModelLoad";
constexpr char kHealth[] = "/grpc.health.v1.Health/Check";

AuthTokens Parse(absl::string_view text) { return *AuthTokens::Parse(text); }

class AuthenticatorTest : public ::testing::Test {
 protected:
  Authenticator authenticator_{Parse("alice infer\nroot admin\n")};
};

TEST_F(AuthenticatorTest, LetsTokensDoWhatTheyMay) {
  EXPECT_THAT(authenticator_.Check(kInfer, {"Bearer alice"}), IsOk());
  EXPECT_THAT(authenticator_.Check(kInfer, {"bearer root"}), IsOk());
  EXPECT_THAT(authenticator_.Check(kLoad, {"Bearer  root "}), IsOk());
}

TEST_F(AuthenticatorTest, HealthNeedsNoToken) {
  EXPECT_THAT(authenticator_.Check(kHealth, {}), IsOk());
  EXPECT_THAT(authenticator_.Check(kHealth, {"Bearer wrong"}), IsOk());
}

TEST_F(AuthenticatorTest, WhoeverIsUnknownIsUnauthenticated) {
  for (const char* value : {"", "alice", "Bearer", "Bearer ", "Bearer bob",
                            "Basic alice", "Bearer alice infer"}) {
    EXPECT_THAT(
        authenticator_.Check(kInfer, {value}),
        StatusIs(absl::StatusCode::kUnauthenticated,
                 AllOf(HasSubstr("Bearer TOKEN"), Not(HasSubstr("alice")))))
        << value;
  }
  EXPECT_THAT(authenticator_.Check(kInfer, {}),
              StatusIs(absl::StatusCode::kUnauthenticated));
  EXPECT_THAT(authenticator_.Check(kInfer, {"Bearer alice", "Bearer alice"}),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("2")));
}

TEST_F(AuthenticatorTest, WhoeverLacksTheRightIsDenied) {
  EXPECT_THAT(authenticator_.Check(kLoad, {"Bearer alice"}),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("RepositoryModelLoad needs the right admin")));
}

TEST_F(AuthenticatorTest, TakesOtherTokensOnTheWay) {
  authenticator_.SetTokens(Parse("bob infer\n"));
  EXPECT_THAT(authenticator_.Check(kInfer, {"Bearer bob"}), IsOk());
  EXPECT_THAT(authenticator_.Check(kInfer, {"Bearer alice"}),
              StatusIs(absl::StatusCode::kUnauthenticated));
}

TEST_F(AuthenticatorTest, TellsTokensApartWithoutShowingThem) {
  EXPECT_THAT(authenticator_.Describe("Bearer root"),
              AllOf(HasSubstr("line 2"), Not(HasSubstr("root"))));
  EXPECT_EQ(authenticator_.Describe("Bearer bob"), "");
}

}  // namespace
}  // namespace transformerd
