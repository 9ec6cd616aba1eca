#include "server/lifecycle/model_name.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::HasSubstr;

TEST(ModelNameTest, TakesWhateverIsOnePathComponent) {
  for (const std::string& name :
       {std::string("minilm"), std::string("all-MiniLM-L6-v2"),
        std::string("a b"), std::string("..."), std::string(".hidden"),
        std::string("modèle-日本-🙂"), std::string(255, 'x')}) {
    EXPECT_THAT(CheckModelName(name), IsOk()) << name;
  }
}

struct BadName {
  std::string name;
  std::string message;
};

class BadModelNameTest : public ::testing::TestWithParam<BadName> {};

TEST_P(BadModelNameTest, IsAnInvalidArgumentThatSaysWhy) {
  EXPECT_THAT(CheckModelName(GetParam().name),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    All, BadModelNameTest,
    ::testing::Values(
        BadName{"", "'' is empty"}, BadName{".", "not a name but a path"},
        BadName{"..", "not a name but a path"}, BadName{"a/b", "has a '/'"},
        BadName{"/etc/passwd", "has a '/'"}, BadName{"../x", "has a '/'"},
        BadName{std::string("a\0b", 3), "control character"},
        BadName{"a\nb", "control character"},
        BadName{"a\x7f", "control character"},
        BadName{std::string(256, 'x'), "has 256 bytes, at most 255"},
        BadName{"\xff", "not valid UTF-8"},
        BadName{"\xc0\xaf", "not valid UTF-8"},      // an overlong '/'
        BadName{"\xe0\x80\xaf", "not valid UTF-8"},  // and longer
        BadName{"\xed\xa0\x80", "not valid UTF-8"},  // a surrogate
        BadName{"\xf5\x80\x80\x80", "not valid UTF-8"},
        BadName{"ab\xe6\x97", "not valid UTF-8"}));

TEST(ModelNameTest, MessagesHoldNoControlCharacters) {
  const std::string message(CheckModelName("a\n\x1b[31m").message());
  EXPECT_EQ(message.find('\n'), std::string::npos);
  EXPECT_EQ(message.find('\x1b'), std::string::npos);
}

TEST(ModelNameTest, MessagesStayShort) {
  EXPECT_LT(CheckModelName(std::string(5000, '\x01')).message().size(), 500u);
}

TEST(ParseVersionTest, TakesPositiveDecimalNumbersOnly) {
  EXPECT_EQ(ParseVersion("1"), 1);
  EXPECT_EQ(ParseVersion("9223372036854775807"), INT64_MAX);
  for (const char* text : {"", "0", "01", "-1", "+1", " 1", "1 ", "1.0", "1a",
                           "0x1", "9223372036854775808", "latest"}) {
    EXPECT_EQ(ParseVersion(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace transformerd
