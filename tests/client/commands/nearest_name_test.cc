#include "client/commands/nearest_name.h"

#include "gtest/gtest.h"

namespace transformerd {
namespace {

const std::vector<absl::string_view> kNames = {"status", "list", "load",
                                               "unload", "infer"};

TEST(NearestNameTest, FindsWhatWasMistyped) {
  EXPECT_EQ(NearestName("lst", kNames), "list");
  EXPECT_EQ(NearestName("laod", kNames), "load");
  EXPECT_EQ(NearestName("statuss", kNames), "status");
  EXPECT_EQ(NearestName("inferr", kNames), "infer");
}

TEST(NearestNameTest, GuessesNothingForAnotherWord) {
  EXPECT_EQ(NearestName("benchmark", kNames), "");
  EXPECT_EQ(NearestName("", kNames), "");
  EXPECT_EQ(NearestName("ab", kNames), "");
  EXPECT_EQ(NearestName("load", {}), "");
}

}  // namespace
}  // namespace transformerd
