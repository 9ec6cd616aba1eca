#include "model/modules/distance_buckets.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

using Rows = std::vector<std::pair<int64_t, int64_t>>;  // of a distance

DisentangledRecipe Recipe(int64_t span, int64_t num_buckets,
                          int64_t max_distance) {
  DisentangledRecipe recipe;
  recipe.span = span;
  recipe.num_buckets = num_buckets;
  recipe.max_distance = max_distance;
  return recipe;
}

void ExpectRows(const DisentangledRecipe& recipe, const Rows& expected) {
  for (const auto& [distance, row] : expected) {
    EXPECT_EQ(DistanceRow(recipe, distance), row) << distance;
  }
}

TEST(DistanceRowTest, GivesEachDistanceARowUpToTheSpan) {
  ExpectRows(Recipe(5, 0, 5),
             {{0, 5}, {1, 6}, {-1, 4}, {4, 9}, {5, 9}, {-5, 0}, {-5000, 0}});
}

// As of DeBERTaV3's published models.
TEST(DistanceRowTest, JoinsFarDistancesInLogarithmicSteps) {
  ExpectRows(Recipe(256, 256, 512), {{0, 256},
                                     {1, 257},
                                     {-1, 255},
                                     {100, 356},
                                     {128, 384},
                                     {129, 385},
                                     {-129, 127},
                                     {200, 425},
                                     {300, 463},
                                     {511, 511},
                                     {-511, 1},
                                     {512, 511},
                                     {5000, 511},
                                     {-5000, 0}});
}

TEST(DistanceRowTest, RoundsStepsUp) {
  ExpectRows(Recipe(8, 8, 24), {{4, 12},
                                {-4, 4},
                                {5, 13},
                                {-5, 3},
                                {6, 13},
                                {9, 14},
                                {16, 15},
                                {23, 15},
                                {-24, 0}});
}

}  // namespace
}  // namespace transformerd
