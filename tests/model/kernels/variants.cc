#include "tests/model/kernels/variants.h"

#include "absl/strings/str_cat.h"

namespace transformerd::kernels {

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  const Kernels* last_of_floats = nullptr;
  for (const InstructionSet set : InstructionSets(DetectCpuFeatures())) {
    // Sets that only multiply bfloat16 share the kernels of float32.
    const Variant floats = {set, DType::kF32};
    if (&floats.kernels() != last_of_floats) variants.push_back(floats);
    last_of_floats = &floats.kernels();
    variants.push_back({set, DType::kBF16});
  }
  return variants;
}

std::string NameOfVariant(const ::testing::TestParamInfo<Variant>& info) {
  return absl::StrCat(NameOf(info.param.instructions), "_",
                      NameOf(info.param.dtype));
}

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
  return out << NameOf(variant.instructions) << " " << NameOf(variant.dtype);
}

}  // namespace transformerd::kernels
