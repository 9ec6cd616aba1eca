#include "model/checkpoint/utf8.h"

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

}  // namespace
}  // namespace transformerd
