#include "model/base/quoted.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::EndsWith;

TEST(QuotedTest, KeepsPlainNamesAndUtf8) {
  EXPECT_EQ(Quoted("layer.0.weight"), "\"layer.0.weight\"");
  EXPECT_EQ(Quoted("\xC3\xA4"), "\"\xC3\xA4\"");
  EXPECT_EQ(Quoted(""), "\"\"");
}

TEST(QuotedTest, EscapesWhatCouldForgeALine) {
  EXPECT_EQ(Quoted("a\nb\"c\\"), "\"a\\nb\\\"c\\\\\"");
  EXPECT_EQ(Quoted(std::string("\0\x1B", 2)), "\"\\x00\\x1b\"");
}

TEST(QuotedTest, EscapesWhatTerminalsTakeForCommands) {
  EXPECT_EQ(Quoted("\xC2\x9B"
                   "31m"),
            "\"\\xc2\\x9b31m\"");
  EXPECT_EQ(Quoted("\xFF"), "\"\\xff\"");  // no UTF-8
}

TEST(QuotedTest, CutsLongNamesBetweenCharacters) {
  std::string name = "x";
  while (name.size() < 500) name += "\xC3\xA4";

  const std::string quoted = Quoted(name);

  EXPECT_LT(quoted.size(), 210);
  EXPECT_THAT(quoted, EndsWith("\xC3\xA4...\""));
}

}  // namespace
}  // namespace transformerd
