#include "model/modules/relative_buckets.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace transformerd {

int64_t RelativeBucket(const RelativeBias& bias, int64_t distance) {
  int64_t buckets = bias.num_buckets;
  int64_t first = 0;
  int64_t apart = 0;
  if (bias.bidirectional) {
    buckets /= 2;
    if (distance > 0) first = buckets;
    apart = std::abs(distance);
  } else {
    apart = std::max<int64_t>(-distance, 0);
  }
  const int64_t exact = buckets / 2;
  if (apart < exact) return first + apart;
  // In float, as the models were trained.
  const float steps =
      std::log(static_cast<float>(apart) / static_cast<float>(exact)) /
      static_cast<float>(std::log(static_cast<double>(bias.max_distance) /
                                  static_cast<double>(exact))) *
      static_cast<float>(buckets - exact);
  return first + std::min(exact + static_cast<int64_t>(steps), buckets - 1);
}

}  // namespace transformerd
