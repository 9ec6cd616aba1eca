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

TEST(TextTableTest, CutsOneColumnToFitTheLine) {
  TextTable table;
  table.AddRow({"1", "ééééééééééééééééééééé", "x"});
  table.AddRow({"2", "exactly 17 letter", "yy"});

  // 1 + 2 + 17 + 2 + 2 characters.
  EXPECT_EQ(table.ToString(1, 24),
            "1  éééééééééééééé...  x\n"
            "2  exactly 17 letter  yy\n");
}

TEST(TextTableTest, LeavesEnoughOfACellToKnowIt) {
  TextTable table;
  table.AddRow({"a cell of 23 characters", "wide"});
  table.AddRow({"short", "wide"});

  for (int line_width : {10, 0, -1}) {
    EXPECT_EQ(table.ToString(0, line_width),
              "a cell of 23 ...  wide\n"
              "short             wide\n");
  }
}

TEST(TextTableTest, CutsNothingThatFits) {
  TextTable table;
  table.AddRow({"a cell of 23 characters", "wide"});

  EXPECT_EQ(table.ToString(0, 29), table.ToString());
  EXPECT_EQ(table.ToString(7, 10), table.ToString());
}

TEST(WithoutControlsTest, KeepsNewlines) {
  EXPECT_EQ(WithoutControls("a\nb\rc\x7f"), "a\nb c ");
}

}  // namespace
}  // namespace transformerd
