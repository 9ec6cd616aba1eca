// A linear of random numbers, run by kernels and compared with its twin.
#pragma once

#include <cstdint>

#include "gtest/gtest.h"
#include "model/config/block_recipe.h"
#include "tests/model/kernels/variants.h"

namespace transformerd::kernels {

enum class Destination { kPanels, kRows, kAddToRows };

struct LinearCase {
  int64_t rows = 1, in = 1, out = 1;
  bool bias = false;
  bool gate = false;
  Activation activation = Activation::kIdentity;
  float softcap = 0;
  Destination to = Destination::kPanels;
  // Of kPanels: columns are cut into heads, the last of which comes first, each
  // in panels of its own; 0: they are not.
  int64_t head_size = 0;
  // Blocks of outputs, and at most as many as there are.
  int64_t first_block = 0, end_block = INT64_MAX;
};

std::ostream& operator<<(std::ostream& out, const LinearCase& linear);

// Whether the kernels give what the twin gives, and touch nothing else.
::testing::AssertionResult EqualsTwin(const Variant& variant,
                                      const LinearCase& linear, uint32_t seed);

}  // namespace transformerd::kernels
