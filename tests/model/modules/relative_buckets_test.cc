#include "model/modules/relative_buckets.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

using Buckets = std::vector<std::pair<int64_t, int64_t>>;  // of a distance

void ExpectBuckets(const RelativeBias& bias, const Buckets& expected) {
  for (const auto& [distance, bucket] : expected) {
    EXPECT_EQ(RelativeBucket(bias, distance), bucket) << distance;
  }
}

TEST(RelativeBucketTest, HalvesTheBucketsBetweenBothDirections) {
  ExpectBuckets({/*table_rows=*/32}, {{0, 0},
                                      {-1, 1},
                                      {1, 17},
                                      {-7, 7},
                                      {7, 23},
                                      {8, 24},
                                      {-15, 9},
                                      {16, 26},
                                      {-31, 11},
                                      {64, 30},
                                      {127, 31},
                                      {-128, 15},
                                      {128, 31},
                                      {100000, 31}});
}

TEST(RelativeBucketTest, PutsAllThatLiesAheadIntoBucketZeroOfOneDirection) {
  RelativeBias bias;
  bias.bidirectional = false;
  ExpectBuckets(bias, {{0, 0},
                       {1, 0},
                       {50, 0},
                       {-1, 1},
                       {-15, 15},
                       {-16, 16},
                       {-31, 21},
                       {-127, 31},
                       {-5000, 31}});
}

TEST(RelativeBucketTest, FollowsTheRecipesNumbers) {
  RelativeBias bias;
  bias.num_buckets = 8;
  bias.max_distance = 20;
  ExpectBuckets(bias,
                {{1, 5}, {2, 6}, {-2, 2}, {5, 6}, {-9, 3}, {19, 7}, {40, 7}});
}

}  // namespace
}  // namespace transformerd
