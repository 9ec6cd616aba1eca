// Sizes of forward passes, few enough to keep one of each.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

namespace transformerd {

// How many tokens and rows a pass computes.
struct PassSize {
  int64_t tokens = 0;
  int64_t rows = 0;

  friend bool operator==(const PassSize& a, const PassSize& b) {
    return a.tokens == b.tokens && a.rows == b.rows;
  }
  friend bool operator<(const PassSize& a, const PassSize& b) {
    return std::tie(a.tokens, a.rows) < std::tie(b.tokens, b.rows);
  }
};

// The smallest class that such a batch fits in: powers of two of rows, and of
// tokens these from 8 on and what lies in the middle between two, so that less
// than a third of a class is empty where there are more than 8. Nothing for a
// batch so large that it keeps a GPU busy for longer than launching it takes.
std::optional<PassSize> ClassOf(const PassSize& batch);

}  // namespace transformerd
