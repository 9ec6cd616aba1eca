#include "model/modules/rotary_frequencies.h"

#include <algorithm>
#include <cmath>

#include "glog/logging.h"

namespace transformerd {
namespace {

constexpr double kPi = 3.14159265358979323846;

// The base for rows longer than those of training.
double DynamicTheta(const RotaryRecipe& recipe, int64_t length) {
  const double trained = static_cast<double>(recipe.original_max_position);
  const double longer = std::max(static_cast<double>(length), trained);
  const double dim = static_cast<double>(recipe.dim);
  const double stretch = recipe.factor * longer / trained - (recipe.factor - 1);
  return recipe.theta * std::pow(stretch, dim / (dim - 2));
}

// Slow waves are stretched, fast ones kept, those between mixed.
double Llama3(const RotaryRecipe& recipe, double frequency) {
  const double turns = static_cast<double>(recipe.original_max_position) *
                       frequency / (2 * kPi);  // in a row of training
  if (turns > recipe.high_freq_factor) return frequency;
  if (turns < recipe.low_freq_factor) return frequency / recipe.factor;
  const double kept = (turns - recipe.low_freq_factor) /
                      (recipe.high_freq_factor - recipe.low_freq_factor);
  return (1 - kept) * frequency / recipe.factor + kept * frequency;
}

// The pairs between which yarn goes over from keeping to stretching.
struct Ramp {
  double first = 0, last = 0;
};

Ramp YarnRamp(const RotaryRecipe& recipe) {
  const double dim = static_cast<double>(recipe.dim);
  // The pair that turns this often in a row of training.
  const auto pair_of = [&](double turns) {
    const double length = static_cast<double>(recipe.original_max_position);
    return dim * std::log(length / (turns * 2 * kPi)) /
           (2 * std::log(recipe.theta));
  };
  double first = pair_of(recipe.beta_fast);
  double last = pair_of(recipe.beta_slow);
  if (recipe.truncate) {
    first = std::floor(first);
    last = std::ceil(last);
  }
  first = std::max(first, 0.0);
  last = std::min(last, dim - 1);
  if (first == last) last += 0.001;
  return {first, last};
}

}  // namespace

std::vector<double> RotaryFrequencies(const RotaryRecipe& recipe,
                                      int64_t length) {
  const int64_t pairs = recipe.dim / 2;
  const double theta = recipe.scaling == RotaryScaling::kDynamic
                           ? DynamicTheta(recipe, length)
                           : recipe.theta;
  std::vector<double> frequencies(pairs);
  for (int64_t i = 0; i < pairs; ++i) {
    frequencies[i] = std::pow(
        theta, -2.0 * static_cast<double>(i) / static_cast<double>(recipe.dim));
  }
  switch (recipe.scaling) {
    case RotaryScaling::kNone:
    case RotaryScaling::kDynamic:
      break;
    case RotaryScaling::kLinear:
      for (double& frequency : frequencies) frequency /= recipe.factor;
      break;
    case RotaryScaling::kLlama3:
      for (double& frequency : frequencies) {
        frequency = Llama3(recipe, frequency);
      }
      break;
    case RotaryScaling::kYarn: {
      const Ramp ramp = YarnRamp(recipe);
      for (int64_t i = 0; i < pairs; ++i) {
        const double stretched = std::clamp(
            (static_cast<double>(i) - ramp.first) / (ramp.last - ramp.first),
            0.0, 1.0);
        frequencies[i] *= (1 - stretched) + stretched / recipe.factor;
      }
      break;
    }
    case RotaryScaling::kLongRope: {
      const std::vector<double>& factors = length > recipe.original_max_position
                                               ? recipe.long_factor
                                               : recipe.short_factor;
      CHECK_EQ(static_cast<int64_t>(factors.size()), pairs);
      for (int64_t i = 0; i < pairs; ++i) frequencies[i] /= factors[i];
      break;
    }
  }
  return frequencies;
}

}  // namespace transformerd
