#include "model/loading/fnv1a.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

// The values that the authors of the function publish.
TEST(Fnv1aTest, GivesThePublishedValues) {
  EXPECT_EQ(Fnv1a(""), 0xcbf29ce484222325);
  EXPECT_EQ(Fnv1a("a"), 0xaf63dc4c8601ec8c);
  EXPECT_EQ(Fnv1a("foobar"), 0x85944171f73967e8);
}

TEST(Fnv1aTest, HashesASequenceAsTheWhole) {
  EXPECT_EQ(Fnv1a("bar", Fnv1a("foo")), Fnv1a("foobar"));
}

}  // namespace
}  // namespace transformerd
