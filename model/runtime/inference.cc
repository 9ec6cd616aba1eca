#include "model/runtime/inference.h"

#include <numeric>

#include "glog/logging.h"

namespace transformerd {

int64_t TokenRows::num_tokens() const {
  return std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
}

TokenRows ShiftRight(const TokenRows& rows, int64_t start) {
  CHECK_EQ(static_cast<int64_t>(rows.input_ids.size()), rows.num_tokens());
  TokenRows shifted;
  shifted.batch = rows.batch;
  shifted.width = rows.width;
  shifted.lengths = rows.lengths;
  shifted.input_ids.reserve(rows.input_ids.size());
  auto row = rows.input_ids.begin();
  for (const int64_t length : rows.lengths) {
    shifted.input_ids.push_back(start);
    shifted.input_ids.insert(shifted.input_ids.end(), row, row + length - 1);
    row += length;
  }
  return shifted;
}

}  // namespace transformerd
