#include "server/logging/log_fields.h"

#include <sstream>
#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(LogFieldsTest, ShowsPairsInTheirOrder) {
  LogFields fields;
  fields.Add("model", "minilm");
  fields.Add("code", "OK");
  std::ostringstream stream;
  stream << "slow" << fields;
  EXPECT_EQ(stream.str(), "slow model=minilm code=OK");
}

TEST(LogFieldsTest, LeavesEmptyValuesOut) {
  LogFields fields;
  fields.Add("model", "");
  EXPECT_EQ(fields.Text(), "");
}

TEST(LogFieldsTest, ValuesCannotPretendToBeOtherLinesOrFields) {
  LogFields fields;
  fields.Add("a", "1 code=OK");
  fields.Add("b", "x\nE1128 forged\"");
  EXPECT_EQ(fields.Text(), " a=\"1 code=OK\" b=\"x\\nE1128 forged\\\"\"");
}

TEST(LogFieldsTest, CutsLongValues) {
  LogFields fields;
  fields.Add("a", std::string(10000, 'x'));
  EXPECT_EQ(fields.Text(), " a=" + std::string(256, 'x') + "...");
}

TEST(LogFieldsTest, CutsBetweenCharacters) {
  LogFields fields;
  fields.Add("a", std::string(255, 'x') + "\xC3\xA9");
  EXPECT_EQ(fields.Text(), " a=" + std::string(255, 'x') + "...");
}

// U+009B begins an escape sequence, as ESC [ does.
TEST(LogFieldsTest, ValuesHoldNothingThatTerminalsObey) {
  LogFields fields;
  fields.Add("a",
             "\xC2\x9B"
             "31m");
  EXPECT_EQ(fields.Text(), " a=\"\\xc2\\x9b31m\"");
}

TEST(LogFieldsTest, TheInnermostIsTheCurrentOne) {
  EXPECT_EQ(LogFields::Current(), nullptr);
  LogFields outer;
  {
    const LogFields inner;
    EXPECT_EQ(LogFields::Current(), &inner);
  }
  EXPECT_EQ(LogFields::Current(), &outer);
}

}  // namespace
}  // namespace transformerd
