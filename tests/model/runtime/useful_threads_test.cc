#include "model/runtime/useful_threads.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(UsefulThreadsTest, IsOneForEveryHalfGigaflop) {
  EXPECT_EQ(UsefulThreads(0.99e9, 8), 1);
  EXPECT_EQ(UsefulThreads(1e9, 8), 2);
  EXPECT_EQ(UsefulThreads(3.7e9, 8), 7);
}

TEST(UsefulThreadsTest, IsOneAtLeast) { EXPECT_EQ(UsefulThreads(0, 8), 1); }

TEST(UsefulThreadsTest, IsNoMoreThanThereAre) {
  EXPECT_EQ(UsefulThreads(1e9, 1), 1);
  EXPECT_EQ(UsefulThreads(1e30, 8), 8);
}

}  // namespace
}  // namespace transformerd
