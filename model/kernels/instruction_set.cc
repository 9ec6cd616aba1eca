#include "model/kernels/instruction_set.h"

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "glog/logging.h"

namespace transformerd::kernels {

#if defined(__x86_64__)
namespace {

// The compiler's own test knows no AMX.
void DetectAmx(CpuFeatures& features) {
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) == 0) return;
  constexpr unsigned kAmxBf16 = 1u << 22, kAmxTile = 1u << 24,
                     kAmxInt8 = 1u << 25;
  if ((edx & kAmxTile) == 0) return;
  // From <asm/prctl.h> of Linux 5.16, and the number of the tiles' state.
  constexpr int kRequestPermission = 0x1023;
  constexpr int kTileData = 18;
  if (syscall(SYS_arch_prctl, kRequestPermission, kTileData) != 0) return;
  features.amx_tile = true;
  features.amx_bf16 = (edx & kAmxBf16) != 0;
  features.amx_int8 = (edx & kAmxInt8) != 0;
}

}  // namespace
#endif

absl::string_view NameOf(InstructionSet instructions) {
  switch (instructions) {
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
    case InstructionSet::kAvx512Vnni:
      return "avx512_vnni";
    case InstructionSet::kAvx512Bf16:
      return "avx512_bf16";
    case InstructionSet::kAmx:
      return "amx";
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
  features.avx512vnni = __builtin_cpu_supports("avx512vnni");
  features.avx512bf16 = __builtin_cpu_supports("avx512bf16");
  DetectAmx(features);
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
  if (!features.avx512vnni) return sets;
  sets.push_back(InstructionSet::kAvx512Vnni);
  if (!features.avx512bf16) return sets;
  sets.push_back(InstructionSet::kAvx512Bf16);
  if (features.amx_tile && features.amx_bf16 && features.amx_int8) {
    sets.push_back(InstructionSet::kAmx);
  }
  return sets;
}

std::optional<InstructionSet> BestInstructionSet(const CpuFeatures& features) {
  const std::vector<InstructionSet> sets = InstructionSets(features);
  if (sets.empty()) return std::nullopt;
  return sets.back();
}

}  // namespace transformerd::kernels
