#include "server/services/request_ids.h"

#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

constexpr char kTraceparent[] =
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(RequestIdsTest, TakesWhatLooksLikeAnId) {
  for (const char* id :
       {"1", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "a/b:c=d+e@f_g.h"}) {
    EXPECT_TRUE(IsRequestId(id)) << id;
  }
  EXPECT_TRUE(IsRequestId(std::string(128, 'x')));
}

TEST(RequestIdsTest, TakesNothingThatCouldUpsetALog) {
  for (const char* id : {"", " ", "a b", "a\"b", "a\\b", "\xc3\xa9", "<b>"}) {
    EXPECT_FALSE(IsRequestId(id)) << id;
  }
  EXPECT_FALSE(IsRequestId(std::string(129, 'x')));
}

TEST(RequestIdsTest, TakesTheFormOfTraceContext) {
  EXPECT_TRUE(IsTraceparent(kTraceparent));
  std::string other = kTraceparent;
  other[other.size() - 1] = 'g';
  EXPECT_FALSE(IsTraceparent(other));
  for (const char* text :
       {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01x"}) {
    EXPECT_FALSE(IsTraceparent(text)) << text;
  }
}

}  // namespace
}  // namespace transformerd
