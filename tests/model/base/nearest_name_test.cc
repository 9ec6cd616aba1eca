#include "model/base/nearest_name.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

TEST(NearestNameTest, FindsEachKindOfTypo) {
  const std::vector<absl::string_view> names = {
      "pooler.dense.weight", "pooler.dense.bias", "classifier"};
  EXPECT_EQ(NearestName("pooler.dens.bias", names), "pooler.dense.bias");
  EXPECT_EQ(NearestName("pooler.densee.bias", names), "pooler.dense.bias");
  EXPECT_EQ(NearestName("pooler.dense.bits", names), "pooler.dense.bias");
  EXPECT_EQ(NearestName("clasifier", names), "classifier");
}

TEST(NearestNameTest, CountsASwapOfNeighboursOnce) {
  EXPECT_EQ(NearestName("laod", {"list", "load"}), "load");
  EXPECT_EQ(NearestName("lsit", {"list", "load"}), "list");
  EXPECT_EQ(NearestName("daol", {"list", "load"}), "");
}

TEST(NearestNameTest, TakesTheFirstOfEquallyNearOnes) {
  EXPECT_EQ(NearestName("layer", {"layex", "layey"}), "layex");
}

TEST(NearestNameTest, TakesTheNearestWhateverTheOrder) {
  EXPECT_EQ(NearestName("abcdefghi", {"abcdefxyz", "abcdefghx", "abcdefgxy"}),
            "abcdefghx");
}

TEST(NearestNameTest, SaysNothingWhereAllAreFar) {
  EXPECT_EQ(NearestName("typo.weight", {"encoder.layer.0.query"}), "");
  EXPECT_EQ(NearestName("abc", {"abxy"}), "");
  EXPECT_EQ(NearestName("abc", {}), "");
  EXPECT_EQ(NearestName("", {"a"}), "");
}

TEST(NearestNameTest, AllowsAThirdOfTheCharacters) {
  EXPECT_EQ(NearestName("abcdef", {"abcdxy"}), "abcdxy");
  EXPECT_EQ(NearestName("abcdef", {"abcxyz"}), "");
}

TEST(NearestNameTest, LeavesOutEndlessNames) {
  const std::string endless(1000, 'x');
  EXPECT_EQ(NearestName(endless, {endless}), "");
  EXPECT_EQ(NearestName("xxx", {endless, "xxx"}), "xxx");
}

}  // namespace
}  // namespace transformerd
