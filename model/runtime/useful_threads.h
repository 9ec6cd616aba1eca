// How much parallelism a forward pass is worth.
#pragma once

#include <algorithm>

namespace transformerd {

// How many of `most` threads (at least 1) a forward pass of so many
// floating-point operations is worth. Below 0.5 GFLOP each a further thread
// costs more than it brings: on a busy machine every parallel loop waits for
// the thread that is scheduled last.
inline int UsefulThreads(double flops, int most) {
  constexpr double kMinFlopsPerThread = 5e8;
  const double useful = flops / kMinFlopsPerThread;
  return useful < most ? std::max(1, static_cast<int>(useful)) : most;
}

}  // namespace transformerd
