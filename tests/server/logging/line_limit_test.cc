#include "server/logging/line_limit.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace transformerd {
namespace {

using ::testing::Optional;

TEST(LineLimitTest, LetsOneThroughAndTellsHowManyItLeftOut) {
  const absl::Time start = absl::UnixEpoch();
  LineLimit limit(absl::Seconds(5));
  EXPECT_THAT(limit.LetThrough(start), Optional(0));
  EXPECT_EQ(limit.LetThrough(start + absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(limit.LetThrough(start + absl::Seconds(4)), std::nullopt);
  EXPECT_THAT(limit.LetThrough(start + absl::Seconds(5)), Optional(2));
  EXPECT_EQ(limit.LetThrough(start + absl::Seconds(6)), std::nullopt);
  EXPECT_THAT(limit.LetThrough(start + absl::Seconds(60)), Optional(1));
}

}  // namespace
}  // namespace transformerd
