// All kernels that the processor of a test runs, and those for a matrix unit on
// an emulated one.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "model/base/dtype.h"
#include "model/kernels/kernels.h"

namespace transformerd::kernels {

struct Variant {
  std::string instructions;
  DType dtype = DType::kF32;
  const Kernels* kernels = nullptr;
  // Whether its linears multiply int8.
  bool int8 = false;
};

// Each table of kernels once.
std::vector<Variant> Variants();
// Each once for linears of its dtype and once for those of int8.
std::vector<Variant> LinearVariants();

// "avx2_BF16", "avx2_BF16_int8".
std::string NameOfVariant(const ::testing::TestParamInfo<Variant>& info);
std::ostream& operator<<(std::ostream& out, const Variant& variant);

// Tests that run once for each variant.
class KernelTest : public ::testing::TestWithParam<Variant> {
 protected:
  DType dtype() const { return GetParam().dtype; }
  bool is_float() const { return dtype() == DType::kF32; }
  const Kernels& kernels() const { return *GetParam().kernels; }
};

}  // namespace transformerd::kernels
