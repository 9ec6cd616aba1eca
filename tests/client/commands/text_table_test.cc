#include "client/commands/text_table.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(TextTableTest, AlignsColumnsAndTrimsLines) {
  TextTable table;
  table.AddRow({"NAME", "STATE", "REASON"});
  table.AddRow({"minilm", "READY", ""});
  table.AddRow({"x"});

  EXPECT_EQ(table.ToString(),
            "NAME    STATE  REASON\n"
            "minilm  READY\n"
            "x\n");
}

TEST(TextTableTest, CountsCharactersNotBytes) {
  TextTable table;
  table.AddRow({"é", "1"});
  table.AddRow({"ee", "2"});

  EXPECT_EQ(table.ToString(), "é   1\nee  2\n");
}

TEST(TextTableTest, CellsCannotSteerTheTerminal) {
  TextTable table;
  table.AddRow({"a\x1b[31m\nb\tc"});

  EXPECT_EQ(table.ToString(), "a [31m b c\n");
}

TEST(WithoutControlsTest, KeepsNewlines) {
  EXPECT_EQ(WithoutControls("a\nb\rc\x7f"), "a\nb c ");
}

}  // namespace
}  // namespace transformerd
