#include "model/runtime/dtype_choice.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

#include "model/base/status_macros.h"

namespace transformerd {

DType PrevailingDType(absl::Span<const CheckpointEntry> entries) {
  std::map<DType, int64_t> bytes;
  for (const CheckpointEntry& entry : entries) {
    if (IsFloatingPoint(entry.dtype)) bytes[entry.dtype] += entry.size_bytes;
  }
  const auto most = std::max_element(
      bytes.begin(), bytes.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == bytes.end() ? DType::kF32 : most->first;
}

absl::StatusOr<DType> DTypeOfConfig(const ConfigReader& config) {
  ASSIGN_OR_RETURN(
      const std::string name,
      config.String(config.FirstOf({"dtype", "torch_dtype"}), "float32"));
  if (name == "bfloat16") return DType::kBF16;
  if (name == "float16") return DType::kF16;
  return DType::kF32;
}

DType DTypeOn(const Device& device, DType dtype,
              const kernels::CpuFeatures& features) {
  switch (dtype) {
    case DType::kBF16:
      return DType::kBF16;
    case DType::kF16:
      if (!device.is_cpu()) return DType::kF16;
      return features.avx512bf16 ? DType::kBF16 : DType::kF32;
    default:
      return DType::kF32;
  }
}

}  // namespace transformerd
