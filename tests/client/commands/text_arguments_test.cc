#include "client/commands/text_arguments.h"

#include <sstream>

#include "client/commands/command.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;

absl::StatusOr<std::vector<std::string>> Read(
    const std::vector<std::string>& arguments, const std::string& input) {
  std::istringstream in(input);
  return ReadTexts(arguments, in);
}

TEST(TextArgumentsTest, EachArgumentIsAText) {
  EXPECT_THAT(Read({"a b", "", "--"}, "unread"),
              IsOkAndHolds(ElementsAre("a b", "", "--")));
}

TEST(TextArgumentsTest, ADashStandsForTheLinesOfStandardInput) {
  EXPECT_THAT(Read({"a", "-", "b"}, "1\n\n2\n"),
              IsOkAndHolds(ElementsAre("a", "1", "", "2", "b")));
}

TEST(TextArgumentsTest, LinesMayEndAsInWindowsOrNotAtAll) {
  EXPECT_THAT(Read({"-"}, "a\r\n\r\nb\rc"),
              IsOkAndHolds(ElementsAre("a", "", "b\rc")));
}

TEST(TextArgumentsTest, EmptyInputBesidesATextIsNoError) {
  EXPECT_THAT(Read({"a", "-"}, ""), IsOkAndHolds(ElementsAre("a")));
}

TEST(TextArgumentsTest, NoTextAtAllIsWrongUsage) {
  const absl::Status status = Read({"-"}, "").status();

  EXPECT_EQ(status.message(), "standard input holds no text");
  EXPECT_TRUE(IsUsageError(status));
}

TEST(TextArgumentsTest, StandardInputIsReadOnce) {
  EXPECT_TRUE(IsUsageError(Read({"-", "-"}, "a").status()));
}

}  // namespace
}  // namespace transformerd
