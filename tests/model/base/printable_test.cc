#include "model/base/printable.h"

#include <random>
#include <string>

#include "gtest/gtest.h"
#include "nlohmann/json.hpp"

namespace transformerd {
namespace {

constexpr size_t kPlenty = 1000;

size_t CostOf(const std::string& text) {
  size_t cost = 0;
  for (char byte : text) cost += StatusCost(byte);
  return cost;
}

TEST(PrintableTest, KeepsOrdinaryTextAsItIs) {
  for (const std::string text :
       {"", "tensor 'input_ids'", "100 % of 3\\n", "h\xC3\xA9llo",
        "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF",
        "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Printable(text, kPlenty), text);
  }
}

TEST(PrintableTest, EscapesControlCharacters) {
  EXPECT_EQ(Printable("a\nb\r\tc", kPlenty), "a\\nb\\r\\tc");
  EXPECT_EQ(Printable(std::string("\0\x1B[31m\x7F", 7), kPlenty),
            "\\x00\\x1b[31m\\x7f");
  EXPECT_EQ(Printable("next\xC2\x85line", kPlenty), "next\\xc2\\x85line");
}

TEST(PrintableTest, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(Printable("\x80", kPlenty), "\\x80");
  EXPECT_EQ(Printable("\xFF\xFE", kPlenty), "\\xff\\xfe");
  EXPECT_EQ(Printable("cut \xE2\x82", kPlenty), "cut \\xe2\\x82");
  EXPECT_EQ(Printable("\xE2(\xA1", kPlenty), "\\xe2(\\xa1");
}

TEST(PrintableTest, EscapesOverlongFormsSurrogatesAndWhatLiesBeyond) {
  EXPECT_EQ(Printable("\xC0\xAF", kPlenty), "\\xc0\\xaf");
  EXPECT_EQ(Printable("\xE0\x9F\xBF", kPlenty), "\\xe0\\x9f\\xbf");
  EXPECT_EQ(Printable("\xED\xA0\x80", kPlenty), "\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xF0\x8F\xBF\xBF", kPlenty), "\\xf0\\x8f\\xbf\\xbf");
  EXPECT_EQ(Printable("\xF4\x90\x80\x80", kPlenty), "\\xf4\\x90\\x80\\x80");
}

TEST(PrintableTest, CutsTextThatIsOverTheBudget) {
  EXPECT_EQ(Printable("0123456789", 10), "0123456789");
  EXPECT_EQ(Printable("0123456789a", 10), "0123456...");
  EXPECT_EQ(Printable("0123", 3), "...");
}

TEST(PrintableTest, CutsBetweenCharacters) {
  // Each of these costs 6, as %C3%A9.
  EXPECT_EQ(Printable("\xC3\xA9\xC3\xA9\xC3\xA9", 17), "\xC3\xA9\xC3\xA9...");
  EXPECT_EQ(Printable("\xC3\xA9\xC3\xA9\xC3\xA9", 14), "\xC3\xA9...");
}

TEST(PrintableTest, AnyBytesBecomeUtf8WithinTheBudget) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    std::string text(random() % 40, '\0');
    for (char& byte : text) byte = static_cast<char>(random());
    const size_t budget = 3 + random() % 60;

    const std::string printable = Printable(text, budget);

    EXPECT_LE(CostOf(printable), budget);
    // The library throws for strings that are not UTF-8.
    EXPECT_NO_THROW(nlohmann::json(printable).dump());
    EXPECT_EQ(Printable(printable, kPlenty), printable);
  }
}

TEST(EscapedTest, CannotEndItsQuotes) {
  EXPECT_EQ(Escaped("a\"b'c\\", kPlenty), "a\\\"b\\'c\\\\");
  EXPECT_EQ(Escaped("\xC2\x9B"
                    "31m\n",
                    kPlenty),
            "\\xc2\\x9b31m\\n");
}

TEST(EscapedTest, IsCutBetweenCharacters) {
  EXPECT_EQ(Escaped("x\xC3\xA9", 3), "x\xC3\xA9");
  EXPECT_EQ(Escaped("x\xC3\xA9", 2), "x...");
  EXPECT_EQ(Escaped("x\"y", 2), "x\\\"...");
}

}  // namespace
}  // namespace transformerd
