#include "tests/model/kernels/variants.h"

#include "absl/strings/str_cat.h"
#include "model/kernels/instruction_set.h"
#include "tests/model/kernels/emulated_kernels.h"

namespace transformerd::kernels {

std::vector<Variant> Variants() {
  std::vector<Variant> variants;
  const Kernels* last_of_floats = nullptr;
  for (const InstructionSet set : InstructionSets(DetectCpuFeatures())) {
    const std::string name(NameOf(set));
    // Sets that only multiply bfloat16 faster share the kernels of float32.
    const Kernels* const floats = &KernelsFor(set, DType::kF32);
    if (floats != last_of_floats) {
      variants.push_back({name, DType::kF32, floats});
    }
    last_of_floats = floats;
    variants.push_back({name, DType::kBF16, &KernelsFor(set, DType::kBF16)});
  }
  if (!variants.empty()) {
    variants.push_back({"emulated_amx", DType::kBF16, &kEmulatedAmxBFloat16});
  }
  return variants;
}

std::vector<Variant> LinearVariants() {
  std::vector<Variant> variants = Variants();
  for (Variant variant : Variants()) {
    variant.int8 = true;
    variants.push_back(variant);
  }
  return variants;
}

std::string NameOfVariant(const ::testing::TestParamInfo<Variant>& info) {
  return absl::StrCat(info.param.instructions, "_", NameOf(info.param.dtype),
                      info.param.int8 ? "_int8" : "");
}

std::ostream& operator<<(std::ostream& out, const Variant& variant) {
  return out << variant.instructions << " " << NameOf(variant.dtype)
             << (variant.int8 ? " int8" : "");
}

}  // namespace transformerd::kernels
