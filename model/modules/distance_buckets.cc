#include "model/modules/distance_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace transformerd {
namespace {

int64_t Bucket(const DisentangledRecipe& recipe, int64_t distance) {
  const int64_t half = recipe.num_buckets / 2;
  const int64_t apart = std::abs(distance);
  if (recipe.num_buckets == 0 || apart <= half) return distance;
  // In float, as the models were trained.
  const auto log_of = [half](int64_t value) {
    return std::log(static_cast<float>(value) / static_cast<float>(half));
  };
  const float steps = log_of(apart) / log_of(recipe.max_distance - 1) *
                      static_cast<float>(half - 1);
  const int64_t bucket = half + static_cast<int64_t>(std::ceil(steps));
  return distance < 0 ? -bucket : bucket;
}

}  // namespace

int64_t DistanceRow(const DisentangledRecipe& recipe, int64_t distance) {
  return std::clamp<int64_t>(Bucket(recipe, distance) + recipe.span, 0,
                             2 * recipe.span - 1);
}

}  // namespace transformerd
