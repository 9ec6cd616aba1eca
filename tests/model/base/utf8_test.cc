#include "model/base/utf8.h"

#include <optional>
#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(Utf8Test, TakesCharactersOfEveryLength) {
  for (absl::string_view text :
       {"", "weight", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80",
        "\xF4\x8F\xBF\xBF", "a\xC2\x80z"}) {
    EXPECT_TRUE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(absl::string_view("\0", 1)));
}

TEST(Utf8Test, RefusesWhatIsNotWellFormed) {
  for (absl::string_view bytes : {
           "\x80",              // continues nothing
           "\xFF",              // no such lead
           "\xC3",              // cut off
           "\xE2\x82",          // cut off
           "\xC3(",             // not continued
           "\xC0\xAF",          // overlong
           "\xE0\x80\xAF",      // overlong
           "\xF0\x80\x80\xAF",  // overlong
           "\xED\xA0\x80",      // a surrogate
           "\xF4\x90\x80\x80",  // above U+10FFFF
       }) {
    EXPECT_FALSE(IsUtf8(bytes)) << bytes;
  }
}

TEST(FindNonUtf8Test, FindsTheFirstByteOfNoCharacter) {
  for (const std::string text : {"", "a", "h\xC3\xA9llo", "\x1B[31m",
                                 "\xF0\x9F\x98\x80", "\xED\x9F\xBF"}) {
    EXPECT_EQ(FindNonUtf8(text), std::nullopt) << text;
  }
  EXPECT_EQ(FindNonUtf8(std::string("\0\x80", 2)), 1);
  EXPECT_EQ(FindNonUtf8("cut \xE2\x82"), 4);
  EXPECT_EQ(FindNonUtf8("\xC3\xA9\xC0\x80"), 2);
  EXPECT_EQ(FindNonUtf8("a\xED\xA0\x80"), 1);
}

TEST(FirstCharacterTest, IsAllBytesOfIt) {
  EXPECT_EQ(FirstCharacter("ab"), "a");
  EXPECT_EQ(FirstCharacter("\xE2\x82\xACz"), "\xE2\x82\xAC");
  EXPECT_EQ(FirstCharacter("\xE2\x82"), "");
}

}  // namespace
}  // namespace transformerd
