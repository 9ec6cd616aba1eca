#include "server/nearest_name.h"

#include <string>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

constexpr absl::string_view kNames[] = {"strict", "ignore", "pooling"};

TEST(NearestNameTest, FindsMistypedNames) {
  EXPECT_EQ(NearestName("strikt", kNames), "strict");
  EXPECT_EQ(NearestName("ignor", kNames), "ignore");
  EXPECT_EQ(NearestName("poolling", kNames), "pooling");
}

TEST(NearestNameTest, FindsNothingForOtherWords) {
  EXPECT_EQ(NearestName("banana", kNames), "");
  EXPECT_EQ(NearestName("", kNames), "");
  EXPECT_EQ(NearestName(std::string(10000, 's'), kNames), "");
}

}  // namespace
}  // namespace transformerd
