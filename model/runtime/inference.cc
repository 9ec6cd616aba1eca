#include "model/runtime/inference.h"

#include <numeric>

namespace transformerd {

int64_t InferenceInput::num_tokens() const {
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

}  // namespace transformerd
