#include "server/security/auth_tokens.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(AuthTokensTest, ReadsTokensWithTheirRights) {
  ASSERT_OK_AND_ASSIGN(const AuthTokens tokens,
                       AuthTokens::Parse("# of the team\n"
                                         "\n"
                                         "abc-._~+/= infer\r\n"
                                         "  def\tadmin"));
  ASSERT_EQ(tokens.size(), 2);
  ASSERT_NE(tokens.Find("abc-._~+/="), nullptr);
  EXPECT_EQ(tokens.Find("abc-._~+/=")->right, Right::kInfer);
  ASSERT_NE(tokens.Find("def"), nullptr);
  EXPECT_EQ(tokens.Find("def")->right, Right::kAdmin);
  EXPECT_EQ(tokens.Find("def")->line, 4);
}

TEST(AuthTokensTest, FindsNothingElse) {
  ASSERT_OK_AND_ASSIGN(const AuthTokens tokens,
                       AuthTokens::Parse("abc infer\ndef admin\n"));
  for (const char* other : {"", "ab", "abcd", "ABC", "infer", "abc infer"}) {
    EXPECT_EQ(tokens.Find(other), nullptr) << other;
  }
}

TEST(AuthTokensTest, DescribesATokenWithoutShowingIt) {
  ASSERT_OK_AND_ASSIGN(const AuthTokens tokens,
                       AuthTokens::Parse("abc infer\n"));
  EXPECT_EQ(tokens.Find("abc")->Describe(),
            "the token of line 1 (sha256 ba7816bf)");
}

TEST(AuthTokensTest, NamesTheLineThatIsWrongAndNothingOfIt) {
  for (const char* line : {"secret", "secret write", "secret infer more",
                           "secret Infer", "infer secret",
                           "s\xc3\xa9"
                           "cret infer",
                           "\"secret\" admin"}) {
    EXPECT_THAT(AuthTokens::Parse(std::string("abc infer\n\n") + line),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("line 3"), Not(HasSubstr("cret")))))
        << line;
  }
}

TEST(AuthTokensTest, RefusesATokenThatComesTwice) {
  EXPECT_THAT(AuthTokens::Parse("abc infer\ndef infer\nabc admin\n"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "line 3 has the token of line 1 again"));
}

TEST(AuthTokensTest, RefusesAFileWithoutTokens) {
  for (const char* text : {"", "\n\n", "# abc infer\n"}) {
    EXPECT_THAT(
        AuthTokens::Parse(text),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no token")));
  }
}

}  // namespace
}  // namespace transformerd
