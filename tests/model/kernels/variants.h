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
};

// Each table of kernels once.
std::vector<Variant> Variants();

// "avx2_BF16".
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
