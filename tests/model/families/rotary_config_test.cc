#include "model/families/rotary_config.h"

#include <cmath>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "model/base/error_details.h"
#include "tests/matchers/status_matchers.h"

namespace transformerd {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

RotarySource Source() {
  RotarySource source;
  source.head_size = 8;
  source.max_position = 64;
  source.is_partial = true;
  return source;
}

absl::StatusOr<std::optional<RotaryRecipe>> ReadIfAny(
    const std::string& json, const RotarySource& source = Source()) {
  absl::StatusOr<ConfigReader> config =
      ConfigReader::Parse(json, "config.json");
  if (!config.ok()) return config.status();
  absl::StatusOr<ConfigReader> parameters = RotaryParameters(*config);
  if (!parameters.ok()) return parameters.status();
  return ReadRotary(*config, *parameters, source);
}

RotaryRecipe Read(const std::string& json,
                  const RotarySource& source = Source()) {
  absl::StatusOr<std::optional<RotaryRecipe>> recipe = ReadIfAny(json, source);
  EXPECT_THAT(recipe, IsOk());
  return recipe.ok() && *recipe ? **recipe : RotaryRecipe();
}

TEST(RotaryConfigTest, TakesTheDefaultsOfTheClass) {
  RotarySource source = Source();
  source.theta = 5e5;
  source.part = 0.5;

  const RotaryRecipe recipe = Read("{}", source);

  EXPECT_EQ(recipe.dim, 4);
  EXPECT_EQ(recipe.theta, 5e5);
  EXPECT_EQ(recipe.scaling, RotaryScaling::kNone);
}

TEST(RotaryConfigTest, ReadsAllFormsAlike) {
  const char* forms[] = {
      R"({"rope_parameters": {"rope_type": "linear", "factor": 4,
                              "rope_theta": 500, "partial_rotary_factor": 0.5}})",
      R"({"rope_scaling": {"rope_type": "linear", "factor": 4.0},
          "rope_theta": 500, "partial_rotary_factor": 0.5})",
      R"({"rope_scaling": {"type": "linear", "factor": 4.0},
          "rope_theta": 500.0, "partial_rotary_factor": 0.5})",
      // What stands in the parameters counts.
      R"({"rope_parameters": {"rope_type": "linear", "factor": 4,
                              "rope_theta": 500, "partial_rotary_factor": 0.5},
          "rope_theta": 7, "partial_rotary_factor": 1})",
  };
  for (const char* form : forms) {
    SCOPED_TRACE(form);
    const RotaryRecipe recipe = Read(form);

    EXPECT_EQ(recipe.dim, 4);
    EXPECT_EQ(recipe.theta, 500);
    EXPECT_EQ(recipe.scaling, RotaryScaling::kLinear);
    EXPECT_EQ(recipe.factor, 4);
  }
}

TEST(RotaryConfigTest, OlderKeysStandBesideTheParameters) {
  RotarySource source = Source();
  source.theta_key = "rotary_emb_base";
  source.part_key = "rotary_pct";

  const RotaryRecipe recipe =
      Read(R"({"rotary_emb_base": 500, "rotary_pct": 0.25})", source);

  EXPECT_EQ(recipe.theta, 500);
  EXPECT_EQ(recipe.dim, 2);
}

TEST(RotaryConfigTest, NothingRotatesWhereNoNumberDoes) {
  ASSERT_OK_AND_ASSIGN(const std::optional<RotaryRecipe> recipe,
                       ReadIfAny(R"({"partial_rotary_factor": 0.1})"));

  EXPECT_FALSE(recipe.has_value());
}

// The logarithmic growth of Peng et al. (2023), in the three ways to say it.
TEST(RotaryConfigTest, YarnScalesAttentionByItsFactor) {
  const std::string yarn = R"({"rope_scaling": {"type": "yarn", "factor": 4,
      "original_max_position_embeddings": 16)";
  const auto factor_with = [&](const std::string& rest) {
    return Read(yarn + rest + "}}").attention_factor;
  };

  EXPECT_NEAR(factor_with(""), 0.1 * std::log(4.0) + 1, 1e-12);
  EXPECT_EQ(factor_with(", \"attention_factor\": 0.75"), 0.75);
  EXPECT_NEAR(factor_with(", \"mscale\": 1, \"mscale_all_dim\": 0.5"),
              (0.1 * std::log(4.0) + 1) / (0.05 * std::log(4.0) + 1), 1e-12);
}

TEST(RotaryConfigTest, YarnKeepsItsDefaultsWhereTheFileSaysNothing) {
  const RotaryRecipe recipe =
      Read(R"({"rope_scaling": {"type": "yarn", "factor": 4,
               "beta_fast": null, "beta_slow": 2, "truncate": false}})");

  EXPECT_EQ(recipe.original_max_position, 64);
  EXPECT_EQ(recipe.beta_fast, 32);
  EXPECT_EQ(recipe.beta_slow, 2);
  EXPECT_FALSE(recipe.truncate);
}

TEST(RotaryConfigTest, LongRopeStretchesByTheRatioOfLengths) {
  for (const char* type : {"longrope", "su", "yarn"}) {
    const RotaryRecipe recipe = Read(absl::StrCat(
        R"({"original_max_position_embeddings": 16,
            "rope_scaling": {"type": ")",
        type,
        R"(", "short_factor": [1, 1, 2, 3],
              "long_factor": [1, 2, 4, 8]}})"));

    EXPECT_EQ(recipe.scaling, RotaryScaling::kLongRope);
    EXPECT_EQ(recipe.factor, 4);
    EXPECT_EQ(recipe.original_max_position, 16);
    EXPECT_NEAR(recipe.attention_factor,
                std::sqrt(1 + std::log(4.0) / std::log(16.0)), 1e-12);
    EXPECT_THAT(recipe.short_factor, ElementsAre(1, 1, 2, 3));
    EXPECT_THAT(recipe.long_factor, ElementsAre(1, 2, 4, 8));
  }
}

TEST(RotaryConfigTest, TheLengthBesideTheParametersCounts) {
  const RotaryRecipe recipe = Read(
      R"({"original_max_position_embeddings": 8,
          "rope_scaling": {"rope_type": "llama3", "factor": 8,
            "low_freq_factor": 1, "high_freq_factor": 4,
            "original_max_position_embeddings": 16}})");

  EXPECT_EQ(recipe.original_max_position, 8);
}

TEST(RotaryConfigTest, RowsGrowWhereTheFileStatesTheTrainedLength) {
  const auto longest = [](const std::string& scaling) {
    return LongestRow(Read("{\"rope_scaling\": " + scaling + "}"), 64);
  };

  EXPECT_EQ(longest("null"), 64);
  EXPECT_EQ(longest(R"({"type": "linear", "factor": 2.5})"), 160);
  EXPECT_EQ(longest(R"({"type": "dynamic", "factor": 2})"), 128);
  EXPECT_EQ(longest(R"({"type": "yarn", "factor": 4})"), 256);
  EXPECT_EQ(longest(R"({"type": "yarn", "factor": 4,
                        "original_max_position_embeddings": 16})"),
            64);
  EXPECT_EQ(longest(R"({"type": "llama3", "factor": 8, "low_freq_factor": 1,
                        "high_freq_factor": 4})"),
            64);
}

struct BadRotary {
  const char* json;
  const char* reason;
  const char* message;
};

TEST(RotaryConfigTest, RefusesParametersByKeyAndValue) {
  const BadRotary cases[] = {
      {R"({"rope_scaling": {"rope_type": "mrope"}})", "UNSUPPORTED",
       "config.json: rope_scaling: rope_type=\"mrope\", expected one of "
       "default, dynamic, linear"},
      {R"({"rope_scaling": {"type": "linear"}})", "CONFIG_INVALID",
       "config.json: rope_scaling: factor is absent"},
      {R"({"rope_parameters": {"rope_type": "linear", "factor": 0.5}})",
       "CONFIG_INVALID",
       "config.json: rope_parameters: factor=0.5, expected a number in [1,"},
      {R"({"rope_scaling": {"type": "llama3", "factor": 8,
                            "low_freq_factor": 1}})",
       "CONFIG_INVALID", "high_freq_factor is absent"},
      {R"({"rope_scaling": {"type": "llama3", "factor": 8,
           "low_freq_factor": 4, "high_freq_factor": 4}})",
       "CONFIG_INVALID", "high_freq_factor=4, expected more than"},
      {R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 1, 1, 1],
                            "long_factor": [1, 2]}})",
       "CONFIG_INVALID", "long_factor=[1, 2], expected 4 positive numbers"},
      {R"({"rope_scaling": {"type": "longrope", "short_factor": [1, 1, 0, 1],
                            "long_factor": [1, 1, 1, 1]}})",
       "CONFIG_INVALID", "short_factor=[1, 1, 0, 1], expected 4 positive"},
      {R"({"rope_theta": 0})", "CONFIG_INVALID", "rope_theta=0"},
      {R"({"rope_scaling": "linear"})", "CONFIG_INVALID",
       "rope_scaling=\"linear\", expected an object"},
      {R"({"rope_scaling": {"type": "dynamic", "factor": 2},
           "partial_rotary_factor": 0.25})",
       "CONFIG_INVALID", "dynamic scaling of 2 numbers a head"},
  };
  for (const BadRotary& c : cases) {
    const absl::Status status = ReadIfAny(c.json).status();
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kFailedPrecondition,
                                 HasSubstr(c.message)))
        << c.json;
    EXPECT_EQ(ReasonOf(status), c.reason) << c.json;
  }
}

}  // namespace
}  // namespace transformerd
