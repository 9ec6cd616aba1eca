// Numbers are those of transformers 5.24 for the same parameters.
#include "model/modules/rotary_frequencies.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

RotaryRecipe Recipe(RotaryScaling scaling) {
  RotaryRecipe recipe;
  recipe.dim = 8;
  recipe.theta = 10000;
  recipe.scaling = scaling;
  recipe.factor = 4;
  recipe.original_max_position = 16;
  return recipe;
}

// transformers computes in float.
void ExpectNear(const std::vector<double>& got,
                const std::vector<double>& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_NEAR(got[i], want[i], 1e-6 * want[i]) << i;
  }
}

TEST(RotaryFrequenciesTest, FallWithPowersOfTheBase) {
  ExpectNear(RotaryFrequencies(Recipe(RotaryScaling::kNone), 16),
             {1, 0.1, 0.01, 0.001});
}

TEST(RotaryFrequenciesTest, AnOddNumberTakesOneMoreAlong) {
  RotaryRecipe recipe = Recipe(RotaryScaling::kNone);
  recipe.dim = 5;

  ExpectNear(RotaryFrequencies(recipe, 16),
             {1, std::pow(10000, -0.4), std::pow(10000, -0.8)});
}

TEST(RotaryFrequenciesTest, LinearScalingDividesAll) {
  ExpectNear(RotaryFrequencies(Recipe(RotaryScaling::kLinear), 16),
             {0.25, 0.025, 0.0025, 0.00025});
}

TEST(RotaryFrequenciesTest, DynamicScalingGrowsWithRowsLongerThanTrained) {
  const RotaryRecipe recipe = Recipe(RotaryScaling::kDynamic);

  for (int64_t length : {1, 16}) {
    ExpectNear(RotaryFrequencies(recipe, length), {1, 0.1, 0.01, 0.001});
  }
  // The base is 10000 * 7^(8 / 6).
  ExpectNear(RotaryFrequencies(recipe, 40),
             {1, 0.052275795, 0.0027327589, 0.00014285714});
}

TEST(RotaryFrequenciesTest, YarnStretchesSlowPairsAndMixesThoseBetween) {
  RotaryRecipe recipe = Recipe(RotaryScaling::kYarn);
  recipe.dim = 16;
  recipe.original_max_position = 4096;

  ExpectNear(RotaryFrequencies(recipe, 16),
             {1, 0.31622776, 0.1, 0.025693506, 0.0062499996, 0.0013834966,
              0.00025000001, 7.9056947e-05});
}

TEST(RotaryFrequenciesTest, YarnMayLeaveItsBordersUnrounded) {
  RotaryRecipe recipe = Recipe(RotaryScaling::kYarn);
  recipe.dim = 16;
  recipe.original_max_position = 4096;
  recipe.beta_fast = 16;
  recipe.beta_slow = 2;
  recipe.truncate = false;

  ExpectNear(RotaryFrequencies(recipe, 16),
             {1, 0.31622776, 0.1, 0.031622779, 0.0067616189, 0.00082510448,
              0.00025000001, 7.9056947e-05});
}

TEST(RotaryFrequenciesTest, Llama3StretchesWavesLongerThanTheTraining) {
  RotaryRecipe recipe = Recipe(RotaryScaling::kLlama3);
  recipe.theta = 500;
  recipe.factor = 8;
  recipe.original_max_position = 64;

  ExpectNear(RotaryFrequencies(recipe, 16),
             {1, 0.097616628, 0.0055901702, 0.001182177});
}

TEST(RotaryFrequenciesTest, LongRopeHasFactorsForShortAndForLongRows) {
  RotaryRecipe recipe = Recipe(RotaryScaling::kLongRope);
  recipe.short_factor = {1, 1, 2, 4};
  recipe.long_factor = {1, 2, 4, 8};

  ExpectNear(RotaryFrequencies(recipe, 16), {1, 0.1, 0.005, 0.00025});
  ExpectNear(RotaryFrequencies(recipe, 17), {1, 0.05, 0.0025, 0.000125});
}

}  // namespace
}  // namespace transformerd
