#include "model/kernels/instruction_set.h"

#include "glog/logging.h"

namespace transformerd::kernels {

absl::string_view NameOf(InstructionSet instructions) {
  switch (instructions) {
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx512Bf16:
      return "avx512_bf16";
  }
  LOG(FATAL) << "unknown InstructionSet";
}

CpuFeatures DetectCpuFeatures() {
  CpuFeatures features;
#if defined(__x86_64__)
  // These ask whether the system saves the registers, too.
  features.avx2 = __builtin_cpu_supports("avx2");
  features.fma = __builtin_cpu_supports("fma");
  features.avx512f = __builtin_cpu_supports("avx512f");
  features.avx512bw = __builtin_cpu_supports("avx512bw");
  features.avx512dq = __builtin_cpu_supports("avx512dq");
  features.avx512vl = __builtin_cpu_supports("avx512vl");
  features.avx512bf16 = __builtin_cpu_supports("avx512bf16");
#endif
  return features;
}

std::vector<InstructionSet> InstructionSets(const CpuFeatures& features) {
  std::vector<InstructionSet> sets;
  if (!features.avx2 || !features.fma) return sets;
  sets.push_back(InstructionSet::kAvx2);
  const bool has_avx512 = features.avx512f && features.avx512bw &&
                          features.avx512dq && features.avx512vl;
  if (!has_avx512) return sets;
  sets.push_back(InstructionSet::kAvx512);
  if (features.avx512bf16) sets.push_back(InstructionSet::kAvx512Bf16);
  return sets;
}

std::optional<InstructionSet> BestInstructionSet(const CpuFeatures& features) {
  const std::vector<InstructionSet> sets = InstructionSets(features);
  if (sets.empty()) return std::nullopt;
  return sets.back();
}

}  // namespace transformerd::kernels
