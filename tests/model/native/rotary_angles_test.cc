#include "model/native/rotary_angles.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "gtest/gtest.h"

namespace transformerd {
namespace {

RotaryRecipe Recipe(int64_t dim) {
  RotaryRecipe recipe;
  recipe.dim = dim;
  recipe.theta = 100;
  return recipe;
}

// Rows with these positions.
PackedRows Rows(const std::vector<std::vector<int64_t>>& positions) {
  PackedRows rows;
  for (const auto& row : positions) {
    rows.position_ids.insert(rows.position_ids.end(), row.begin(), row.end());
    rows.sequence_offsets.push_back(
        static_cast<int64_t>(rows.position_ids.size()));
  }
  return rows;
}

// That what a view gives for its token `i` are those of a position.
void ExpectAngles(const AnglesView& view, int64_t i, int64_t position,
                  const std::vector<double>& frequencies, double factor = 1) {
  ASSERT_EQ(view.pairs, static_cast<int64_t>(frequencies.size()));
  const int64_t row = view.positions != nullptr ? view.positions[i] : i;
  for (int64_t pair = 0; pair < view.pairs; ++pair) {
    const double angle = static_cast<double>(position) * frequencies[pair];
    const int64_t at = row * view.pairs + pair;
    EXPECT_NEAR(view.cosines[at], factor * std::cos(angle), 1e-6);
    EXPECT_NEAR(view.sines[at], factor * std::sin(angle), 1e-6);
  }
}

// Of all tokens, seen from each token on.
void ExpectAngles(const RotaryAngles& angles, const PackedRows& rows,
                  const std::vector<double>& frequencies) {
  for (int64_t first = 0; first < rows.num_tokens(); ++first) {
    const AnglesView view = angles.At(rows, first);
    for (int64_t token = first; token < rows.num_tokens(); ++token) {
      ExpectAngles(view, token - first, rows.position_ids[token], frequencies);
    }
  }
}

TEST(RotaryAnglesTest, HasNoPairsWithoutRecipe) {
  const std::optional<RotaryRecipe> none;
  RotaryAngles angles(none);
  const PackedRows rows = Rows({{0, 1}});

  angles.Prepare(rows);

  EXPECT_EQ(angles.At(rows, 0).pairs, 0);
}

TEST(RotaryAnglesTest, AreThoseOfPositionsInAnyOrder) {
  const std::optional<RotaryRecipe> recipe = Recipe(4);
  RotaryAngles angles(recipe);
  const PackedRows rows = Rows({{0, 1, 2}, {7, 3, 3}, {5}});

  angles.Prepare(rows);

  ExpectAngles(angles, rows, {1, 0.1});
}

TEST(RotaryAnglesTest, AnOddNumberTakesOneMoreAlong) {
  const std::optional<RotaryRecipe> recipe = Recipe(3);
  RotaryAngles angles(recipe);
  const PackedRows rows = Rows({{0, 1, 2}});

  angles.Prepare(rows);

  ExpectAngles(angles, rows, {1, std::pow(100, -2.0 / 3)});
}

TEST(RotaryAnglesTest, LaterBatchesMayHaveOtherPositions) {
  const std::optional<RotaryRecipe> recipe = Recipe(4);
  RotaryAngles angles(recipe);
  for (const auto& positions : std::vector<std::vector<int64_t>>{
           {0, 1}, {0, 9, 4}, {3}, {}, {16383}, {16384, 2}, {20000}, {1, 0}}) {
    const PackedRows rows = Rows({positions});

    angles.Prepare(rows);

    ExpectAngles(angles, rows, {1, 0.1});
  }
}

// A far position costs no more than its token.
TEST(RotaryAnglesTest, StandPositionsFarAway) {
  const std::optional<RotaryRecipe> recipe = Recipe(2);
  RotaryAngles angles(recipe);
  const PackedRows rows = Rows({{int64_t{1} << 40, 3}, {2}});

  angles.Prepare(rows);

  ExpectAngles(angles, rows, {1});
}

TEST(RotaryAnglesTest, FrequenciesMayDependOnEachRowsLength) {
  RotaryRecipe dynamic = Recipe(4);
  dynamic.scaling = RotaryScaling::kDynamic;
  dynamic.factor = 2;
  dynamic.original_max_position = 4;
  const std::optional<RotaryRecipe> recipe = dynamic;
  RotaryAngles angles(recipe);
  const PackedRows rows = Rows({{0, 1, 2, 3}, {0, 1, 2, 3, 4, 5, 6, 7}, {2}});

  angles.Prepare(rows);

  const AnglesView view = angles.At(rows, 0);
  for (const int64_t token : {0, 1, 2, 3, 12}) {
    ExpectAngles(view, token, rows.position_ids[token], {1, 0.1});
  }
  // The base of 8 tokens is 100 * 3^(4 / 2).
  for (int64_t token = 4; token < 12; ++token) {
    ExpectAngles(view, token, rows.position_ids[token],
                 {1, 1 / std::sqrt(900.0)});
  }
}

TEST(RotaryAnglesTest, AreMultipliedByTheAttentionFactor) {
  RotaryRecipe scaled = Recipe(2);
  scaled.attention_factor = 1.25;
  const std::optional<RotaryRecipe> recipe = scaled;
  RotaryAngles angles(recipe);
  const PackedRows rows = Rows({{0, 3}});

  angles.Prepare(rows);

  ExpectAngles(angles.At(rows, 0), 0, 0, {1}, 1.25);
  ExpectAngles(angles.At(rows, 0), 1, 3, {1}, 1.25);
}

}  // namespace
}  // namespace transformerd
